/**
 * I/O errors under the writer, injected by strace: a write that fails is refused and the next one
 * works; a sync that fails ends all writing until the record was opened anew and verified.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CHECK, greeterRepository, RENAME } from '../support/line-repository.ts';
import { openHome, told } from '../support/run-skein.ts';
import { temporaryFolder } from '../support/space-folder.ts';
import { without } from '../support/fault-tools.ts';
import { inspect, ordersFor, startWriter, type ChildOrders, type Left } from './writer-process.ts';

const skip = process.platform === 'linux' ? without('strace', 'strace') : 'strace is for Linux';
const COMMANDS = 40;

interface Outcome {
  readonly acknowledged: readonly string[];
  readonly refused: readonly { readonly error: string; readonly id: string }[];
  readonly left: Left;
  readonly said: readonly string[];
}

/** Writes one command after another while strace lets calls fail as `inject` says. */
async function writeWith(inject: string, more: Partial<ChildOrders> = {}): Promise<Outcome> {
  const folder = join(temporaryFolder(), 'space');
  // A first life without faults: the files are there, and each call below is one of a command.
  const first = startWriter(ordersFor(folder, { commands: 3 }));
  await first.saw(/^closed/mu);
  await first.ended;
  const orders = ordersFor(folder, { epoch: 2, atOnce: 1, commands: COMMANDS, ...more });
  const [calls = ''] = inject.split(':');
  const tracer = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${calls}`];
  const writer = startWriter(orders, [...tracer, '-e', `inject=${inject}`]);
  await writer.saw(/^closed/mu);
  await writer.ended;
  const acknowledged = [...first.acknowledged(), ...writer.acknowledged()];
  const left = inspect({ ...orders, epoch: 3 }, acknowledged);
  const said = writer
    .said()
    .split('\n')
    .filter((line) => /^(?:ok|refused) /u.test(line));
  return { acknowledged, refused: writer.refused(), left, said };
}

function assertWhole({ left }: Outcome): void {
  assert.deepEqual([left.missing, left.anchor, left.report.damage], [[], undefined, []]);
}

describe('a write that fails', { skip, concurrency: 2 }, () => {
  for (const error of ['ENOSPC', 'EIO']) {
    it(`with ${error}: nothing of the command is stored, the next one works`, async (context) => {
      const outcome = await writeWith(`pwrite64:error=${error}:when=40+23`);
      const { refused, left, said } = outcome;
      assertWhole(outcome);
      assert.ok(refused.length > 0, 'no write failed: this test tried nothing');
      for (const { error: name, id } of refused) {
        assert.equal(name, 'storage-failed');
        assert.ok(!left.has(id), `${id} was refused and stored`);
      }
      const firstRefusal = said.findIndex((line) => line.startsWith('refused'));
      const after = said.slice(firstRefusal).filter((line) => line.startsWith('ok'));
      assert.ok(after.length > 0, said.join('\n'));
      context.diagnostic(`${refused.length} refused, ${after.length} stored after the first`);
    });
  }
});

describe('a sync that fails', { skip, concurrency: 2 }, () => {
  it('ends all writing: nobody can know what is on the disk', async (context) => {
    const outcome = await writeWith('fsync,fdatasync:error=EIO:when=20');
    const { refused, said } = outcome;
    assertWhole(outcome);
    assert.ok(refused.length > 0, 'no sync failed: this test tried nothing');
    assert.ok(refused.every(({ error }) => error === 'storage-unsafe'));
    const firstRefusal = said.findIndex((line) => line.startsWith('refused'));
    assert.ok(said.slice(firstRefusal).every((line) => line.startsWith('refused')));
    context.diagnostic(`${firstRefusal} acknowledged, then ${refused.length} refused`);
  });

  it('has a twin: a writer that does not sync notices nothing and goes on', async () => {
    const { refused } = await writeWith('fsync,fdatasync:error=EIO:when=20', { unsafe: true });
    assert.deepEqual(refused, []);
  });
});

describe('a record that a disk failed to sync', () => {
  it('takes nothing until a later node has verified it', async () => {
    const skein = openHome();
    const { top } = greeterRepository();
    const order = (goal: string) => [
      'run',
      goal,
      '--repo',
      top,
      '--yes',
      '--merge',
      '--check',
      CHECK,
    ];
    const first = await skein.run(...order(RENAME));
    assert.equal(first.code, 0, told(first));
    const [space = ''] = readdirSync(join(skein.home, 'spaces'));
    const mark = join(skein.home, 'spaces', space, 'unsynced.json');
    // As the writer of this very node leaves it: this node reads its own cache, so it may not judge.
    writeFileSync(mark, '{"format":1,"epoch":1}');
    assert.equal((await skein.run('verify')).code, 0);
    const refused = await skein.run(...order('rename welcome to greet'));
    assert.equal(refused.code, 1, told(refused));
    assert.match(refused.stderr, /storage-unsafe[^]*skein down[^]*skein verify/u);
    assert.equal((await skein.run('log')).code, 0);
    await skein.run('down');
    assert.equal((await skein.run('verify')).code, 0);
    assert.equal(existsSync(mark), false);
    const again = await skein.run(...order('rename welcome to greet'));
    assert.equal(again.code, 0, told(again));
  });
});
