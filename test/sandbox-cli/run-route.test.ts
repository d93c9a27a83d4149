/** POST /v1/sandbox/runs without a socket: what is read, refused and streamed. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Door } from '#api/door.ts';
import { makeApi } from '#api/routes.ts';
import type { AskedRun, RunLine, SandboxDoor } from '#api/sandbox-door.ts';
import type { Speaker } from '#protocol/command.ts';
import { SkeinError } from '#protocol/errors.ts';
import { CODE_LIMITS } from '#sandbox/limits.ts';
import { ENCLOSURE } from './scripted-sandbox.ts';

const PERSON: Speaker = { actor: 'person:owner', authority: 'human' };
const AGENT: Speaker = { actor: 'agent:bot', authority: 'peer' };
const STARTED: RunLine = {
  type: 'started',
  run: 'r',
  space: 's',
  enclosure: ENCLOSURE,
  limits: CODE_LIMITS,
};
const CODE = { type: 'code', language: 'python', source: '1' };

interface Heard {
  asked?: AskedRun;
  signal?: AbortSignal;
}

/** The API over a sandbox that answers `lines`, and what that was asked. */
function apiWith(
  lines: () => AsyncIterable<RunLine>,
  { has = true }: { readonly has?: boolean } = {},
): { readonly heard: Heard; readonly post: (body: unknown, token?: string) => Promise<Response> } {
  const heard: Heard = {};
  const refuse = (): never => {
    throw new SkeinError('not-implemented', 'Cannot: not in this test');
  };
  const sandbox: SandboxDoor = {
    run: async (asked, _, signal) => {
      Object.assign(heard, { asked, signal });
      return lines();
    },
    report: refuse,
    probe: refuse,
  };
  const door: Door = {
    identify: (token) => ({ person: PERSON, agent: AGENT })[token],
    execute: refuse,
    entities: refuse,
    ledger: refuse,
    atWork: () => [],
    work: () => ({ agents: [], jobs: 1, epoch: 1 }),
    status: refuse,
    enter: () => () => undefined,
    ...(has ? { sandbox } : {}),
  };
  const api = makeApi(door);
  const post = async (body: unknown, token = 'person'): Promise<Response> =>
    api.request('/v1/sandbox/runs', {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  return { heard, post };
}

async function* startedOnly(): AsyncGenerator<RunLine> {
  yield STARTED;
}

const nameOf = async (answer: Response): Promise<string> =>
  ((await answer.json()) as { readonly title: string }).title;

/** An answer is read to its end: one that nobody reads is only given up after a while. */
async function statusOf(answer: Response): Promise<number> {
  await answer.text();
  return answer.status;
}

describe('the route of runs', () => {
  it('hands on what was asked, with bytes as bytes', async () => {
    const { heard, post } = apiWith(startedOnly);
    const content = Buffer.from([0, 255, 10]).toString('base64');
    const answer = await post({
      program: CODE,
      files: [{ path: 'a/b.bin', content }],
      limits: { wallMs: 5 },
      deterministic: { seed: 1, timeMs: 0 },
      space: 'abc',
    });
    assert.equal(answer.status, 200);
    assert.equal((await answer.text()).trim(), JSON.stringify(STARTED));
    const { request, space } = heard.asked as AskedRun;
    assert.deepEqual([...(request.files?.[0]?.content ?? [])], [0, 255, 10]);
    assert.deepEqual(request.limits, { wallMs: 5 });
    assert.equal(space, 'abc');
  });

  it('refuses what is no run: paths that lead out, unknown words, wrong types', async () => {
    const { heard, post } = apiWith(startedOnly);
    const wrong: readonly unknown[] = [
      'no json',
      {},
      { program: CODE, sudo: true },
      { program: { ...CODE, language: 'perl' } },
      { program: { type: 'command', argv: [] } },
      { program: CODE, limits: { speed: 1 } },
      { program: CODE, limits: { wallMs: '5' } },
      { program: CODE, environment: { 'A=B': 'x' } },
      { program: CODE, least: 'none' },
      ...['../x', '/etc/x', 'a//b', 'a/../b', 'a\\b', 'a\0b', '.git/hooks/x', ''].map((path) => ({
        program: CODE,
        files: [{ path, content: '' }],
      })),
      { program: CODE, files: [{ path: 'x', content: '***' }] },
    ];
    for (const body of wrong) {
      const answer = await post(body);
      assert.equal(await nameOf(answer), 'usage', JSON.stringify(body));
    }
    assert.equal(heard.asked, undefined);
  });

  it('takes files of more than other bodies may have, and no more than its own limit', async () => {
    const { post } = apiWith(startedOnly);
    const files = (megabytes: number): object => ({
      program: CODE,
      files: [{ path: 'x', content: Buffer.alloc(megabytes * 2 ** 20).toString('base64') }],
    });
    assert.equal(await statusOf(await post(files(2))), 200);
    assert.equal(await nameOf(await post(files(26))), 'payload-too-large');
  });

  it('opens no network for an agent, and runs its program without', async () => {
    const { heard, post } = apiWith(startedOnly);
    const network = { allow: ['example.com'] };
    assert.equal(await nameOf(await post({ program: CODE, network }, 'agent')), 'unauthorized');
    assert.equal(heard.asked, undefined);
    assert.equal(await statusOf(await post({ program: CODE, network })), 200);
    assert.equal(await statusOf(await post({ program: CODE }, 'agent')), 200);
  });

  it('says that there is no sandbox, and as its last line what went wrong on the way', async () => {
    const { post: without } = apiWith(startedOnly, { has: false });
    const answer = await without({ program: CODE });
    assert.deepEqual([answer.status, await nameOf(answer)], [503, 'sandbox-unavailable']);
    const { post } = apiWith(async function* lines() {
      yield STARTED;
      throw new SkeinError('sandbox-failed', 'Cannot go on');
    });
    const text = await (await post({ program: CODE })).text();
    const last = JSON.parse(text.trim().split('\n').at(-1) ?? '') as RunLine;
    assert.ok(last.type === 'failed');
    assert.equal(last.error.title, 'sandbox-failed');
  });

  it('ends the run of whoever stops reading', async () => {
    const { heard, post } = apiWith(async function* lines() {
      yield STARTED;
      await new Promise(() => undefined);
    });
    const answer = await post({ program: CODE });
    const reader = answer.body?.getReader();
    await reader?.read();
    assert.equal(heard.signal?.aborted, false);
    await reader?.cancel();
    assert.equal(heard.signal?.aborted, true);
  });
});
