/** What is on the record around a run, in which order, and what isn't; who has to wait. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { readRun } from '#daemon/sandbox/read-run.ts';
import type { RunTold } from '#daemon/sandbox/recorded-sandbox.ts';
import { sha256 } from '#lib/sha256.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { SkeinEvent } from '#protocol/event-types.ts';
import { follow, openRecordedHome, SECRET, type RecordedHome } from './recorded-home.ts';

describe('a recorded run', () => {
  let home: RecordedHome;
  before(async () => (home = await openRecordedHome()));
  after(() => home.close());

  /** The events of the run that was told. */
  const eventsOf = (told: readonly RunTold[]): readonly SkeinEvent[] => {
    const [begun] = told;
    assert.ok(begun?.type === 'begun');
    return home.events().filter(({ subject }) => subject === `run/${begun.run}`);
  };

  it('has its start on the record before the program begins, and its end before the answer', async () => {
    let atStart: readonly string[] = [];
    const recorded = home.recorded(async () => {
      atStart = home.events().map(({ type }) => type);
      return {};
    });
    const told: RunTold[] = [];
    for await (const each of recorded.run(home.order())) {
      if (each.type === 'ended') assert.equal(eventsOf(told).at(-1)?.type, 'sandbox.finished');
      told.push(each);
    }
    assert.deepEqual(atStart, ['sandbox.started']);
    assert.deepEqual(
      told.map(({ type }) => type),
      ['begun', 'ended'],
    );
    const [started] = eventsOf(told);
    assert.ok(started?.type === 'sandbox.started');
    assert.equal(started.actor, 'person:owner');
    assert.equal(started.data.source.hash, sha256('print(1)'));
    assert.equal(home.ledger.blobs.get(started.data.source.hash).toString(), 'print(1)');
  });

  it('keeps long output in blobs, the change as hashes and a diff, and no secret', async () => {
    const long = `${'a line of output\n'.repeat(1_000)}the secret is ${SECRET}\n`;
    const content = Buffer.from('new\n');
    const recorded = home.recorded(async () => ({
      status: 'error',
      exitCode: 3,
      stdout: { text: long, totalBytes: long.length },
      stderr: { text: `short ${SECRET}`, totalBytes: 26 },
      changed: [
        {
          path: 'a.txt',
          change: 'changed',
          before: sha256('old\n'),
          after: sha256(content),
          content,
        },
      ],
      refused: [{ path: 'link', reason: 'it is a link' }],
    }));
    const files = [{ path: 'a.txt', content: Buffer.from('old\n') }];
    const program = { type: 'code', language: 'python', source: `x = "${SECRET}"` } as const;
    const told = await follow(recorded.run(home.order({ request: { program, files } })));
    const [begun] = told;
    assert.ok(begun?.type === 'begun');
    const report = await readRun(home.ledger, begun.run);
    assert.ok(!JSON.stringify(report).includes(SECRET), 'the record holds no secret');
    assert.equal(report.source, 'x = "[secret:the-secret]"');
    assert.equal(report.end?.stdout.text, long.replace(SECRET, '[secret:the-secret]'));
    assert.equal(report.end?.stdout.totalBytes, long.length);
    assert.match(report.end?.diff ?? '', /^-old\n\+new$/mu);
    assert.equal(home.ledger.blobs.get(sha256(content)).toString(), 'new\n');
    assert.deepEqual([report.end?.status, report.end?.exitCode], ['error', 3]);
    assert.ok(told.at(-1)?.type === 'ended');
  });

  it('tells of each tool and each request when it happens, with the name of an error only', async () => {
    const recorded = home.recorded(async ({ request, tell }) => {
      await request.callTool?.('good', {});
      await request.callTool?.('bad', {}).catch(() => undefined);
      await tell({
        type: 'network',
        access: {
          method: 'GET',
          host: 'h',
          port: 443,
          path: '/p',
          address: null,
          verdict: 'refused',
          reason: 'not on the list',
          bytesIn: 0,
          bytesOut: 0,
        },
      });
      return {};
    });
    const callTool = async (name: string): Promise<unknown> => {
      if (name === 'bad') throw new SkeinError('not-found', `Cannot: ${SECRET}`);
      return 1;
    };
    const events = eventsOf(await follow(recorded.run(home.order({ callTool }))));
    assert.deepEqual(events.map(({ type }) => type).toSorted(), [
      'sandbox.finished',
      'sandbox.network-asked',
      'sandbox.started',
      'sandbox.tool-called',
      'sandbox.tool-called',
    ]);
    const tools = events.flatMap((each) =>
      each.type === 'sandbox.tool-called' ? [each.data] : [],
    );
    assert.deepEqual(tools, [
      { tool: 'good', failed: false },
      { tool: 'bad', failed: true, error: 'not-found' },
    ]);
  });

  it('lets a program call no more tools than can be told of', async () => {
    let refused = 0;
    const recorded = home.recorded(async ({ request }) => {
      const calls = Array.from({ length: 1_005 }, () => request.callTool?.('x', {}));
      refused = (await Promise.allSettled(calls)).filter(
        ({ status }) => status === 'rejected',
      ).length;
      return {};
    });
    await follow(recorded.run(home.order({ callTool: async () => 1 })));
    assert.equal(refused, 5);
  });

  it('says that it failed when the sandbox did, and leaves nothing when it never began', async () => {
    const failing = home.recorded(async () => {
      throw new SkeinError('sandbox-failed', 'Cannot go on: the runtime crashed');
    });
    const count = home.events().length;
    await assert.rejects(follow(failing.run(home.order())), { name: 'sandbox-failed' });
    const [started, finished] = home.events().slice(count);
    assert.equal(started?.type, 'sandbox.started');
    assert.ok(finished?.type === 'sandbox.finished');
    assert.equal(finished.data.status, 'failed');
    assert.match(finished.data.error ?? '', /^sandbox-failed: /u);
    const gone = new AbortController();
    gone.abort();
    const sofar = home.events().length;
    await follow(home.recorded(async () => ({})).run(home.order({ signal: gone.signal }))).catch(
      () => undefined,
    );
    assert.equal(home.events().length, sofar);
  });

  it('is killed and recorded when whoever asked goes away, also without reading', async () => {
    const recorded = home.recorded(() => new Promise(() => undefined));
    const asking = new AbortController();
    const told = recorded.run(home.order({ signal: asking.signal }));
    const { value } = await told[Symbol.asyncIterator]().next();
    assert.ok(value?.type === 'begun');
    asking.abort();
    await recorded.close();
    const report = await readRun(home.ledger, value.run);
    assert.equal(report.end?.status, 'killed');
    assert.deepEqual(recorded.sizes, { running: 0, waiting: 0 });
  });

  it('waits for its turn when as many run as may', async () => {
    let running = 0;
    let most = 0;
    const recorded = home.recorded(async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise(setImmediate);
      running -= 1;
      return {};
    }, 1);
    await Promise.all(Array.from({ length: 5 }, () => follow(recorded.run(home.order()))));
    assert.equal(most, 1);
  });

  it('that a killed node left open is closed once, with the reason', async () => {
    const left = { space: home.ledger.space, startedMs: Date.now(), position: 0 };
    const hanging = home.recorded(() => new Promise(() => undefined));
    const asking = new AbortController();
    const begun = hanging.run(home.order({ signal: asking.signal }));
    const { value } = await begun[Symbol.asyncIterator]().next();
    assert.ok(value?.type === 'begun');
    const ended = (): readonly SkeinEvent[] =>
      home
        .events()
        .filter(
          ({ type, subject }) => type === 'sandbox.finished' && subject === `run/${value.run}`,
        );
    assert.equal(ended().length, 0);
    await home.closeLeft();
    const [finished] = ended();
    assert.ok(finished?.type === 'sandbox.finished');
    assert.equal(finished.data.status, 'killed');
    assert.match(finished.data.error ?? '', /killed/u);
    assert.equal(finished.authority, 'system');
    // The end of the run itself comes too late: it was said, and is not said again.
    asking.abort();
    await hanging.close();
    assert.equal(ended().length, 1);
    // A file of a run whose start was never recorded says nothing.
    const count = home.events().length;
    home.openRuns.add({ ...left, run: 'never-begun', finishCommand: 'x' });
    await home.closeLeft();
    assert.equal(home.events().length, count);
    assert.deepEqual(home.reported, []);
  });
});
