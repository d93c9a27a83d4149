/**
 * The wall clock jumps two hours back and a year ahead, between missions and in the middle of one:
 * order is the record's, its hybrid clock never runs back, and no limit or lease goes by the wall.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openForReading } from '#ledger/store/database.ts';
import { decodeHeader } from '#protocol/commit.ts';
import { without } from '../support/fault-tools.ts';
import { greeterRepository, CHECK } from '../support/line-repository.ts';
import { openHome, WITHOUT_WALLS, told, type SkeinHome } from '../support/run-skein.ts';
import { temporaryFolder } from '../support/space-folder.ts';

const HOUR_MS = 3_600_000;
const LIBRARY = ['x86_64', 'aarch64']
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`)
  .find((path) => existsSync(path));
const skip =
  process.platform !== 'linux'
    ? 'libfaketime is tried on Linux only'
    : without('faketime', 'faketime') ||
      (LIBRARY === undefined && 'libfaketime.so.1 was not found');

interface Clock {
  readonly env: Readonly<Record<string, string>>;
  readonly jump: (by: string) => void;
}

/** The clock of all processes that get its environment; monotonic time stays true. */
function makeClock(): Clock {
  const folder = temporaryFolder();
  const file = join(folder, 'offset');
  const jump = (by: string): void => {
    writeFileSync(`${file}.new`, `${by}\n`);
    renameSync(`${file}.new`, file);
  };
  jump('+0');
  const faketime = { FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1' };
  const monotonic = { FAKETIME_DONT_FAKE_MONOTONIC: '1', DONT_FAKE_MONOTONIC: '1' };
  return { env: { LD_PRELOAD: LIBRARY ?? '', ...faketime, ...monotonic }, jump };
}

interface Recorded {
  readonly hlc: readonly string[];
  readonly seq: readonly number[];
  readonly times: readonly number[];
}

function readRecord({ home }: SkeinHome): Recorded {
  const [space = ''] = readdirSync(join(home, 'spaces'));
  const database = openForReading(join(home, 'spaces', space, 'ledger.db'));
  const headers = database
    .prepare('SELECT header FROM commits ORDER BY position')
    .all()
    .map(({ header }) => decodeHeader(header as Uint8Array));
  const times = database
    .prepare('SELECT body FROM events ORDER BY position')
    .all()
    .map(({ body }) => Date.parse(JSON.parse(Buffer.from(body as Uint8Array).toString()).time));
  database.close();
  return { hlc: headers.map(({ hlc }) => hlc), seq: headers.map(({ seq }) => seq), times };
}

const sorted = <T extends number | string>(items: readonly T[]): readonly T[] =>
  items.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));

describe('a clock that jumps', { skip }, () => {
  it('disturbs neither order, nor leases, nor limits, nor the git commit', async (context) => {
    const clock = makeClock();
    const skein = openHome({ ...WITHOUT_WALLS, ...clock.env });
    const { top, git, folder } = greeterRepository();
    const order = (goal: string, check: string): string[] =>
      `run|${goal}|--repo|${top}|--yes|--merge|--check|${check}`.split('|');
    const first = await skein.run(...order('rename greet to welcome', CHECK));
    assert.equal(first.code, 0, told(first));
    clock.jump('-2h');
    const second = await skein.run(...order('rename welcome to greet', CHECK));
    assert.equal(second.code, 0, told(second));

    // In the middle of a mission, while a lease is held: a year ahead, then two hours back.
    const [waits, go] = [join(folder, 'waits'), join(folder, 'go')];
    mkdirSync(waits);
    const check = `touch ${waits}/$$; while [ ! -e ${go} ]; do sleep 0.05; done; ${CHECK}`;
    const running = skein.start(order('rename greet to hail', check));
    await running.saw(/approved/u);
    clock.jump('+1y');
    writeFileSync(go, '');
    const third = await running.ended;
    assert.equal(third.code, 0, told(third));
    clock.jump('-2h');
    const verified = await skein.run('verify');
    assert.equal(verified.code, 0, told(verified));

    const { hlc, seq, times } = readRecord(skein);
    assert.deepEqual(hlc, sorted(hlc));
    assert.equal(new Set(hlc).size, hlc.length);
    assert.deepEqual(
      seq,
      seq.map((_, index) => index + 1),
    );
    // The twin: by the wall clock the story would be told in another order.
    assert.notDeepEqual(times, sorted(times));
    const spreadMs = Math.max(...times) - Math.min(...times);
    assert.ok(spreadMs > 364 * 24 * HOUR_MS, `the clock moved by ${spreadMs} ms only`);
    const dates = git('log', '--format=%at %ct').trim().split('\n');
    for (const [author, committer] of dates.map((line) => line.split(' '))) {
      assert.equal(author, committer);
      assert.ok(Number(author) * 1000 >= Math.min(...times) - HOUR_MS * 3);
      assert.ok(Number(author) * 1000 <= Math.max(...times) + 1_000);
    }
    context.diagnostic(`${hlc.length} commits, ${Math.round(spreadMs / HOUR_MS)} hours apart`);
  });
});
