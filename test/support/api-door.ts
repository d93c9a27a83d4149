/** The API of a node in this process: a real ledger, a door that is open to one token, no socket. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Door } from '#api/door.ts';
import { makeApi } from '#api/routes.ts';
import { homePaths } from '#daemon/home/home-paths.ts';
import { prepareHome } from '#daemon/home/home.ts';
import { Spaces } from '#daemon/spaces.ts';
import { openNodeKey } from '#identity/node-key.ts';
import type { Ledger } from '#ledger/ledger.ts';

/** The token that the door knows. */
export const TOKEN = 'a'.repeat(64);

/** The API under test. `inside` counts requests that have begun and not ended. */
export interface TestApi {
  readonly ledger: Ledger;
  readonly inside: () => number;
  readonly request: (path: string, init?: RequestInit) => Promise<Response>;
  readonly close: () => Promise<void>;
}

/** Opens a home in a temporary folder, a space in it, and the API over both. */
export async function openTestApi(): Promise<TestApi> {
  const root = mkdtempSync(join(tmpdir(), 'skein-api-'));
  const paths = homePaths(join(root, 'home'), { XDG_RUNTIME_DIR: root });
  prepareHome(paths);
  const { key } = openNodeKey(paths.nodeKey);
  const node = key.slice(0, 16);
  const spaces = new Spaces({
    paths,
    epoch: 1,
    node,
    redact: (text) => ({ text, count: 0 }),
    report: (error) => assert.fail(String(error)),
  });
  mkdirSync(join(root, 'git'));
  const ledger = await spaces.forRepository({ top: root, commonDir: join(root, 'git') }, '');
  let inside = 0;
  const door: Door = {
    identify: (token) =>
      token === TOKEN ? { actor: 'person:owner', authority: 'human' } : undefined,
    execute: (command, speaker) => ledger.execute(command, speaker),
    entities: async ({ kind, mission }) => ({
      entities: ledger.read
        .entities(kind, mission)
        .map((entity) => ({ ...entity, space: ledger.space })),
      unreadable: [],
    }),
    ledger: (space) => spaces.open(space),
    atWork: () => [],
    work: () => ({ agents: [], jobs: 1, epoch: 1 }),
    status: async () => ({ up: true }),
    enter: () => {
      inside += 1;
      return () => void (inside -= 1);
    },
  };
  const api = makeApi(door);
  return {
    ledger,
    inside: () => inside,
    request: async (path, init = {}) =>
      api.request(path, { headers: { authorization: `Bearer ${TOKEN}` }, ...init }),
    close: async () => {
      await spaces.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
