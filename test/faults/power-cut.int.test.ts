/**
 * A power cut: what was not synced is gone. A disk in memory is copied while its writer stands
 * still, and the copy is opened as a machine would after it starts again.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { makeFolder, writeDurably } from '#ledger/store/durable-file.ts';
import { mountDisk, withoutImages, type TestDisk } from '../support/fault-tools.ts';
import { CHECK, greeterRepository, RENAME } from '../support/line-repository.ts';
import { openHome, told } from '../support/run-skein.ts';
import { makeRandom, seededFor, type SeededRandom } from '../support/seeded-random.ts';
import { inspect, ordersFor, startWriter, type ChildOrders, type Left } from './writer-process.ts';

const skip = withoutImages();
const ROUNDS = process.env['SKEIN_LONG'] === undefined ? 4 : 100;

interface Cut {
  readonly acknowledged: readonly string[];
  readonly left: Left | string;
}

/** Writes inside a disk, stands still, cuts the power; answers what is on the disk then. */
async function cutWhileWriting(
  random: SeededRandom,
  more: Partial<ChildOrders> = {},
): Promise<Cut> {
  const disk = mountDisk('ext4');
  const orders = ordersFor(join(disk.place, 'spaces', 'one'), more);
  const writer = startWriter(orders);
  await writer.saw(/^ok /mu);
  await sleep(50 + random.below(400));
  writer.child.kill('SIGSTOP');
  await sleep(20);
  const acknowledged = writer.acknowledged();
  const copy = disk.cutPower();
  writer.child.kill('SIGKILL');
  await writer.ended;
  const there = ordersFor(join(copy, 'spaces', 'one'));
  return { acknowledged, left: inspectAfter(there, acknowledged) };
}

/** Without syncs not even a database need be left. */
function inspectAfter(orders: ChildOrders, acknowledged: readonly string[]): Left | string {
  try {
    return inspect(orders, acknowledged);
  } catch (error) {
    return (error as Error).message;
  }
}

describe('a power cut', { skip }, () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    it(`loses nothing that was acknowledged, nor a blob that is named (round ${round})`, async (context) => {
      const cut = await cutWhileWriting(makeRandom(seededFor(context).seed + round));
      assert.ok(cut.acknowledged.length > 0);
      if (typeof cut.left === 'string') assert.fail(cut.left);
      const { missing, anchor, report } = cut.left;
      assert.deepEqual([missing, anchor, report.damage], [[], undefined, []]);
      context.diagnostic(`${cut.acknowledged.length} acknowledged, all there`);
    });
  }

  it('has a twin: without syncs acknowledged events are gone', async (context) => {
    const cut = await cutWhileWriting(seededFor(context), { unsafe: true });
    const lost = typeof cut.left === 'string' || cut.left.missing.length > 0;
    assert.ok(lost, 'nothing was lost: this test could not see a loss');
  });
});

/**
 * A node on a disk: what a mission that was told as done has left there. Answers false when the disk
 * itself had mixed up files, so that nothing is shown by what lies on it.
 */
async function cutAfterMission(disk: TestDisk): Promise<boolean> {
  const skein = openHome({ SKEIN_HOME: join(disk.place, 'deep', 'home') });
  const { top } = greeterRepository();
  const done = await skein.run('run', RENAME, '--repo', top, '--yes', '--check', CHECK);
  assert.equal(done.code, 0, told(done));
  const pid = (await skein.nodePid()) ?? 0;
  process.kill(pid, 'SIGSTOP');
  const copy = disk.cutPower();
  process.kill(pid, 'SIGKILL');
  if (disk.isMixedUp()) return false;
  const found = openHome({ SKEIN_HOME: join(copy, 'deep', 'home') });
  const missions = await found.run('missions', '--json');
  assert.match(missions.stdout, /"status":"done"/u, told(missions));
  const verified = await found.run('verify');
  assert.equal(verified.code, 0, told(verified));
  // The repository still finds its record: the next mission joins it.
  const again = await found.run('run', 'rename welcome to greet', '--repo', top, '--yes');
  assert.notEqual(again.code, 75, told(again));
  const { spaces } = JSON.parse((await found.run('status', '--json')).stdout) as StatusAnswer;
  assert.deepEqual(
    spaces.map(({ repository }) => repository),
    [top],
  );
  await found.run('down');
  return true;
}

/** How many disks are tried until one is not mixed up by its own file system. */
const MOST_DISKS = 8;

interface StatusAnswer {
  readonly spaces: readonly { readonly repository: string | null }[];
}

describe('a power cut after a mission', { skip }, () => {
  it('leaves home, keys, project and record, on ext4', async () => {
    assert.ok(await cutAfterMission(mountDisk('ext4')));
  });

  // ext2 has no journal that would save a name by accident: every folder must have been synced.
  it('and on ext2, which keeps only what was synced by name', async (context) => {
    for (let round = 0; round < MOST_DISKS; round += 1) {
      if (await cutAfterMission(mountDisk('ext2'))) return;
      context.diagnostic('ext2 had given a block of a removed file to the record: another disk');
    }
    context.skip(`ext2 mixed up files on ${MOST_DISKS} disks`);
  });
});

describe('small files', { skip }, () => {
  it('are there, old or new, when they were written durably', () => {
    const disk = mountDisk('ext2', 16);
    makeFolder(join(disk.place, 'a', 'b'));
    writeDurably(join(disk.place, 'a', 'b', 'file'), 'first');
    writeDurably(join(disk.place, 'a', 'b', 'file'), 'second');
    const copy = disk.cutPower();
    const text = execFileSync('cat', [join(copy, 'a', 'b', 'file')], { encoding: 'utf8' });
    assert.equal(text, 'second');
  });

  it('have a twin: synced and renamed, but without their folder, they are gone', () => {
    const disk = mountDisk('ext2', 16);
    mkdirSync(join(disk.place, 'a'));
    const file = join(disk.place, 'a', 'file');
    writeFileSync(`${file}.new`, 'first', { flush: true });
    renameSync(`${file}.new`, file);
    const copy = disk.cutPower();
    assert.equal(existsSync(join(copy, 'a', 'file')), false);
  });
});
