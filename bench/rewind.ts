/**
 * Going back in time: missions of a small, a large and a very large record, a mission that is very
 * large itself, and its files; beside reading the same bytes from a plain file, and git's checkout.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reducers } from '#daemon/state-tables.ts';
import { eachEvent } from '#ledger/history/mission-events.ts';
import { makeLedgerReader } from '#ledger/ledger-reader.ts';
import type { LedgerReader } from '#ledger/ledger.ts';
import { openForReading } from '#ledger/store/database.ts';
import { parseEnvelope } from '#protocol/event.ts';
import { rewindMission } from '#supervisor/history/rewind.ts';
import { openRepository } from '#workspace/git/open-repository.ts';
import { checkOut } from '#workspace/trees/check-out.ts';
import { atMost, duration, scaled, type Bench, type BenchOptions, type Finding } from './report.ts';
import { takeTurns } from './rounds.ts';
import { assertSound, openSpace, temporaryFolder } from './support/bench-space.ts';
import { makeRepository } from './support/many-files.ts';
import { EVENTS_PER_EDIT, missionMaker, type MissionSize } from './support/mission-history.ts';

/** A mission of a bit over a hundred events, as a rename over two dozen files makes. */
const USUAL: MissionSize = { paths: 24, edits: 24 };

/** In how many missions of a record one goes back, each to a moment of its own. */
const MISSIONS = 50;

/** Records are filled by large commits: it is not their writing that is measured. */
const MISSIONS_AT_ONCE = 8;
const COMMANDS_AT_ONCE = 1_000;

/** The bench. */
export const rewind: Bench = {
  about: 'go back in missions, of records of every size',
  run: async (options) => {
    const sizes = [10_000, 100_000, 1_000_000].filter((events) => events <= options.events);
    return [
      ...(await inRecords(sizes, options)),
      ...(await inLongMission(scaled(options, 100_000), options)),
      await filesThen(options),
    ];
  },
};

/** A moment of a mission, and a plain file with the events until then. */
interface Past {
  readonly mission: string;
  readonly at: string;
  readonly file: string;
}

/** One record that grows from size to size. */
async function inRecords(sizes: readonly number[], options: BenchOptions): Promise<Finding[]> {
  const folder = temporaryFolder();
  const make = missionMaker();
  const missions: string[] = [];
  const findings: Finding[] = [];
  try {
    for (const events of sizes) {
      const space = openSpace(folder.path);
      while (space.core.position < events) {
        const made = Array.from({ length: MISSIONS_AT_ONCE }, () => make(USUAL));
        space.flush(made.flatMap(({ commands }) => commands));
        missions.push(...made.map(({ mission }) => mission));
      }
      space.close();
      const work = `rewind a mission in a record of ${events / 1_000} k events`;
      const chosen = spread(missions, MISSIONS);
      findings.push(await measure(folder.path, { work, missions: chosen }, scaled(options, 7, 3)));
    }
    const bytes = statSync(join(folder.path, 'ledger.db')).size / missions.length;
    const each = Math.round((sizes.at(-1) ?? 0) / missions.length);
    findings.push({
      work: `record of a mission of ${each} events, without file contents`,
      figure: `${(bytes / 1_000).toFixed(0)} kB, ${(bytes / each).toFixed(0)} bytes an event`,
    });
    return findings;
  } finally {
    folder.dispose();
  }
}

const spread = <T>(items: readonly T[], most: number): readonly T[] =>
  items.filter((_, index) => index % Math.ceil(items.length / most) === 0);

/** Going back in each mission, to moments all over it; the figure is the time of one. */
async function measure(
  folder: string,
  { work, missions }: { readonly work: string; readonly missions: readonly string[] },
  rounds: number,
): Promise<Finding> {
  const database = openForReading(join(folder, 'ledger.db'));
  const read = makeLedgerReader(database);
  const pasts = missions.map((mission, index) =>
    writePast(folder, read, { mission, share: (index + 1) / missions.length }),
  );
  const each = (use: (past: Past) => void) => () => {
    const startedMs = performance.now();
    for (const past of pasts) use(past);
    return (performance.now() - startedMs) / pasts.length;
  };
  const figures = await takeTurns(rounds, {
    rewind: each((past) => goBack(read, past)),
    plain: each(readPlain),
  });
  database.close();
  return finding(work, figures);
}

const finding = (work: string, figures: Readonly<Record<'rewind' | 'plain', number>>): Finding => ({
  work,
  figure: duration(figures.rewind),
  peer: `the same events from a plain file: ${duration(figures.plain)}`,
  ratio: figures.rewind / figures.plain,
  goal: atMost(figures.rewind, 1_000, '1 s'),
});

/** The moment after a share of the events of a mission. */
function writePast(
  folder: string,
  read: LedgerReader,
  { mission, share }: { readonly mission: string; readonly share: number },
): Past {
  const bodies = Array.from(eachEvent(read, { mission }), ({ body }) => body as Buffer);
  const until = bodies.slice(0, Math.max(1, Math.round(bodies.length * share)));
  const file = join(folder, `${mission}-${until.length}.jsonl`);
  writeFileSync(file, until.map((body) => `${body.toString('utf8')}\n`).join(''));
  return { mission, file, at: parseEnvelope(until.at(-1) as Buffer).id };
}

function goBack(read: LedgerReader, { mission, at }: Past): void {
  const { moment, entities, pruned } = rewindMission({ ledger: { read }, reducers, mission, at });
  assertSound(moment.event === at && entities.length > 0 && pruned === 0, 'it went elsewhere');
}

function readPlain({ file, at }: Past): void {
  const events = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => parseEnvelope(line));
  assertSound(events.at(-1)?.id === at, 'the plain file ends elsewhere');
}

/** One mission as long as others' records: the first time, and with its checkpoints. */
async function inLongMission(events: number, options: BenchOptions): Promise<Finding[]> {
  const folder = temporaryFolder();
  try {
    const space = openSpace(folder.path);
    const { mission, commands } = missionMaker()({ paths: 5_000, edits: events / EVENTS_PER_EDIT });
    for (let at = 0; at < commands.length; at += COMMANDS_AT_ONCE) {
      space.flush(commands.slice(at, at + COMMANDS_AT_ONCE));
    }
    space.close();
    const name = `one mission of ${events / 1_000} k events`;
    const again = {
      work: `${name}, again to moments all over it`,
      missions: Array(10).fill(mission),
    };
    return [
      await firstTime(folder.path, { mission, work: `${name}, to its end for the first time` }),
      await measure(folder.path, again, scaled(options, 3)),
    ];
  } finally {
    folder.dispose();
  }
}

/** A reader that has no checkpoints yet, each time. */
async function firstTime(
  folder: string,
  { mission, work }: { readonly mission: string; readonly work: string },
): Promise<Finding> {
  const database = openForReading(join(folder, 'ledger.db'));
  const past = writePast(folder, makeLedgerReader(database), { mission, share: 1 });
  const timed = (use: () => void) => () => {
    const startedMs = performance.now();
    use();
    return performance.now() - startedMs;
  };
  const figures = await takeTurns(3, {
    rewind: timed(() => goBack(makeLedgerReader(database), past)),
    plain: timed(() => readPlain(past)),
  });
  database.close();
  return finding(`rewind ${work}`, figures);
}

/** The files of a moment, beside git's own checkout of as many. */
async function filesThen(options: BenchOptions): Promise<Finding> {
  const folder = temporaryFolder();
  try {
    const top = join(folder.path, 'repository');
    mkdirSync(top);
    const size = { files: scaled(options, 2_000), uses: scaled(options, 100) };
    makeRepository(top, size);
    const repository = await openRepository(top);
    const files = Array.from({ length: size.uses }, (_, index) => {
      return { path: `src/part-0/file-${index}.ts`, baseHash: '', bytes: Buffer.from('edited\n') };
    });
    let made = 0;
    const timed = (use: (to: string) => unknown) => async () => {
      made += 1;
      const startedMs = performance.now();
      await use(join(folder.path, `tree-${made}`));
      return performance.now() - startedMs;
    };
    const args = ['worktree', 'add', '--quiet', '--detach'];
    const figures = await takeTurns(scaled(options, 5, 2), {
      ours: timed((to) => checkOut(repository, { commit: repository.head, files, folder: to })),
      theirs: timed((to) => execFileSync('git', [...args, to], { cwd: top })),
    });
    return {
      work: `rewind --to: ${size.files} files, ${size.uses} of them edited`,
      figure: duration(figures.ours),
      peer: `git worktree add of the same commit: ${duration(figures.theirs)}`,
      ratio: figures.ours / figures.theirs,
    };
  } finally {
    folder.dispose();
  }
}
