/** A full disk, then a read-only one: told as such, nothing lost, and the same node goes on after. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fillUp, mountMemory, remount, withoutMounts } from '../support/fault-tools.ts';
import { CHECK, greeterRepository, RENAME } from '../support/line-repository.ts';
import {
  openHome,
  WITHOUT_WALLS,
  told,
  until,
  type Ended,
  type SkeinHome,
} from '../support/run-skein.ts';

const skip = withoutMounts();
const DISK_MEGABYTES = 6;
const BACK = 'rename welcome to greet';

const order = (top: string, goal = RENAME, check = CHECK): string[] =>
  `run|${goal}|--repo|${top}|--yes|--merge|--check|${check}`.split('|');

interface Status {
  readonly pid: number;
  readonly spaces: readonly { readonly events: number }[];
}

const statusOf = async (skein: SkeinHome): Promise<Status> =>
  JSON.parse((await skein.run('status', '--json')).stdout) as Status;

function assertRefused(refused: Ended): void {
  assert.equal(refused.code, 75, told(refused));
  assert.match(refused.stderr, /storage-failed/u);
  assert.match(refused.stderr, /[Ff]ree space/u);
}

/** Everything that only looks still works. */
async function assertReadable(skein: SkeinHome, events: number): Promise<void> {
  for (const verb of ['missions', 'show', 'log', 'verify']) {
    const looked = await skein.run(verb);
    assert.equal(looked.code, 0, told(looked));
  }
  assert.equal((await statusOf(skein)).spaces[0]?.events, events);
}

function homeIn(place: string): {
  skein: SkeinHome;
  repository: ReturnType<typeof greeterRepository>;
} {
  const env = { ...WITHOUT_WALLS, SKEIN_HOME: join(place, 'home') };
  return { skein: openHome(env), repository: greeterRepository() };
}

describe('a full disk', { skip, concurrency: 2 }, () => {
  it('refuses what must be stored, loses nothing, and goes on without a restart', async () => {
    const place = mountMemory(DISK_MEGABYTES);
    const { skein, repository } = homeIn(place);
    const first = await skein.run(...order(repository.top));
    assert.equal(first.code, 0, told(first));
    const before = await statusOf(skein);

    const ballast = fillUp(place);
    assertRefused(await skein.run(...order(repository.top, BACK)));
    await assertReadable(skein, before.spaces[0]?.events ?? 0);

    rmSync(ballast);
    const second = await skein.run(...order(repository.top, BACK));
    assert.equal(second.code, 0, told(second));
    assert.equal((await statusOf(skein)).pid, before.pid);
    const verified = await skein.run('verify');
    assert.equal(verified.code, 0, told(verified));
  });

  it('from cold: says so at once, and starts when there is space', async () => {
    const place = mountMemory(DISK_MEGABYTES);
    const { skein, repository } = homeIn(place);
    const ballast = fillUp(place);
    assertRefused(await skein.run('missions'));
    rmSync(ballast);
    const done = await skein.run(...order(repository.top));
    assert.equal(done.code, 0, told(done));
  });

  it('in the middle of a mission: its follower is told, and it can be resumed', async () => {
    const place = mountMemory(DISK_MEGABYTES);
    const { skein, repository } = homeIn(place);
    const go = join(repository.folder, 'go');
    const check = `echo waiting >&2; while [ ! -e ${go} ]; do sleep 0.05; done; ${CHECK}`;
    const running = skein.start([...order(repository.top, RENAME, check), '--verbose']);
    await running.saw(/approved/u);
    await running.saw(/check/u);
    const { pid } = await statusOf(skein);
    const ballast = fillUp(place);
    writeFileSync(go, '');
    const stopped = await running.ended;
    assert.equal(stopped.code, 75, told(stopped));
    assert.match(stopped.stderr, /skein resume/u);

    rmSync(ballast);
    const resumed = await skein.run('resume', '--yes');
    assert.equal(resumed.code, 0, told(resumed));
    assert.equal((await statusOf(skein)).pid, pid);
    assert.equal(repository.git('rev-list', '--count', 'main'), '2\n');
    const verified = await skein.run('verify');
    assert.equal(verified.code, 0, told(verified));
  });

  it('has a twin: with space left the same mission ends well', async () => {
    const { skein, repository } = homeIn(mountMemory(DISK_MEGABYTES));
    const done = await skein.run(...order(repository.top));
    assert.equal(done.code, 0, told(done));
  });
});

describe('a read-only disk', { skip }, () => {
  it('is told at once, for a new home and for one with a record', async () => {
    const place = mountMemory(DISK_MEGABYTES);
    const { skein, repository } = homeIn(place);
    assert.ok(remount(place, 'ro'));
    assertRefused(await skein.run('missions'));
    assert.ok(remount(place, 'rw'));
    const done = await skein.run(...order(repository.top));
    assert.equal(done.code, 0, told(done));
    await skein.run('down');

    await until('the disk is free', () => remount(place, 'ro'));
    const began = performance.now();
    for (let call = 0; call < 3; call += 1) assertRefused(await skein.run('missions'));
    // No client tried again and again to start what can't start.
    assert.ok(performance.now() - began < 60_000, 'the refusals took as long as waiting does');
    assert.ok(remount(place, 'rw'));
    const found = await skein.run('missions');
    assert.match(found.stdout, /done/u, told(found));
  });
});
