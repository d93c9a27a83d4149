/**
 * Durable append through the writer's core, at one event a commit and in batches, beside the same
 * bytes written raw, the same rows without signature and state, and a plain hashed JSON log.
 */
import { openPeers, readCommits, type StoredCommit } from './support/append-peers.ts';
import { missionWork, openSpace, temporaryFolder } from './support/bench-space.ts';
import { atLeast, rate, scaled, type Bench, type Finding } from './report.ts';
import { perSecond, takeTurns, type Contender } from './rounds.ts';

type Figures = Readonly<Record<'skein' | 'bytes' | 'rows' | 'log', number>>;

interface Size {
  readonly batch: number;
  /** Commits in one slice. */
  readonly commits: number;
  readonly rounds: number;
}

const SIZES: readonly Size[] = [
  { batch: 1, commits: 300, rounds: 15 },
  { batch: 100, commits: 60, rounds: 11 },
  { batch: 1_000, commits: 12, rounds: 11 },
];

/** The bench. */
export const append: Bench = {
  about: 'durable append: decided, signed, folded, indexed, fsynced',
  run: async (options) => {
    const findings: Finding[] = [];
    for (const size of SIZES) {
      const rounds = scaled(options, size.rounds, 3);
      findings.push(...explain(size.batch, await measure({ ...size, rounds })));
    }
    return findings;
  },
};

async function measure({ batch, commits, rounds }: Size): Promise<Figures> {
  const folder = temporaryFolder();
  const space = openSpace(folder.path);
  const peers = openPeers(folder.path);
  const work = missionWork();
  // The peers store what our slices left, each slice once.
  const slices: (readonly StoredCommit[])[] = [];
  const appendSlice = (): number => {
    const batches = Array.from({ length: commits }, () => work(batch));
    const from = space.core.position;
    const figure = perSecond(batch * commits, () => batches.forEach(space.flush));
    slices.push(readCommits(space.database, from));
    // All have stored it by now; kept, it would only weigh on the garbage collector.
    if (slices.length > 3) slices[slices.length - 4] = [];
    return figure;
  };
  try {
    appendSlice();
    const each = (store: (commits: readonly StoredCommit[]) => number): Contender => {
      let next = 0;
      return () => {
        const stored = slices[next] ?? [];
        next += 1;
        return store(stored);
      };
    };
    return await takeTurns(rounds, {
      skein: appendSlice,
      bytes: each(peers.bytes),
      rows: each(peers.rows),
      log: each(peers.log),
    });
  } finally {
    peers.close();
    space.close();
    folder.dispose();
  }
}

function explain(batch: number, { skein, bytes, rows, log }: Figures): Finding[] {
  const work = batch === 1 ? 'append, one event a commit' : `append, ${batch} events a commit`;
  const beside = (name: string, peer: number, least?: number): Finding => ({
    work,
    figure: rate(skein, 'events'),
    peer: `${name}: ${rate(peer, 'events')}`,
    ratio: skein / peer,
    ...(least === undefined ? {} : { goal: atLeast(skein / peer, least, String(least)) }),
  });
  const single = batch === 1;
  return [
    beside('same bytes, write + fdatasync', bytes, single ? 0.4 : undefined),
    beside('same rows in SQLite, no signature, no state', rows, single ? 0.85 : undefined),
    beside('JSON + hash + fdatasync log', log, single ? undefined : batch === 100 ? 0.25 : 0.3),
  ];
}
