/**
 * A home whose node runs in this process, with a real tier (Deno without permissions), and the real command
 * line speaking to it. Python starts fast from a folder that all such tests share.
 */
import assert from 'node:assert/strict';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { homePaths } from '#daemon/home/home-paths.ts';
import { startNode, type RunningNode } from '#daemon/node.ts';
import type { OpenNodeSandbox } from '#daemon/sandbox/node-sandbox.ts';
import { SkeinError } from '#protocol/errors.ts';
import { openDeno } from '#sandbox/deno/open-deno.ts';
import { findRuntimeFiles } from '#sandbox/deno/runtime/runtime-files.ts';
import { openHome, told, type SkeinHome } from '../support/run-skein.ts';

/** What makes Python start fast, made once for all tests of this user. */
export const CACHE = join(tmpdir(), `skein-fast-python-${userInfo().uid}`);

/** Why these tests are skipped here; undefined when the packages are there. */
export const whySkipped = (): string | undefined => {
  const files = findRuntimeFiles();
  return 'problem' in files ? `${files.problem}: npm install --include=optional` : undefined;
};

/** A home with a node and its sandbox. */
export interface SandboxHome extends SkeinHome {
  /** Runs a command that must succeed; answers what it printed. */
  readonly ok: (...args: readonly string[]) => Promise<string>;
  readonly node: RunningNode;
}

/** T1 as a whole sandbox. */
const openTier: OpenNodeSandbox = async () => {
  const tier = await openDeno({ cacheFolder: CACHE, pool: 0 });
  if ('problem' in tier) throw new SkeinError('sandbox-unavailable', tier.problem);
  return {
    run: (request) => {
      const { beforeStart } = request;
      if (request.tier !== undefined && request.tier !== tier.enclosure.tier) {
        throw new SkeinError('sandbox-unavailable', `Cannot run in ${request.tier}: not here`);
      }
      assert.ok(beforeStart !== undefined, 'the start of each run is recorded');
      return tier.run(request);
    },
    session: (_, request) => tier.session(request),
    probe: async () => [await tier.probe()],
    stats: () => {
      const runs = { ok: 0, error: 0, timeout: 0, memory: 0, output: 0, fuel: 0, killed: 0 };
      return { running: 0, waiting: 0, pooled: 0, runs, refused: 0 };
    },
    close: tier.close,
  };
};

/** Opens it; the caller closes its node. */
export async function openSandboxHome(): Promise<SandboxHome> {
  const home = openHome();
  const paths = homePaths(home.home, { XDG_RUNTIME_DIR: home.person });
  const env = { PATH: process.env['PATH'] ?? '', HOME: home.person };
  const node = await startNode({ paths, idleMs: 600_000, env, openSandbox: openTier });
  const ok: SandboxHome['ok'] = async (...args) => {
    const ended = await home.run(...args);
    assert.equal(ended.code, 0, `${args.join(' ')}: ${told(ended)}`);
    return ended.stdout;
  };
  return { ...home, ok, node };
}
