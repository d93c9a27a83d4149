/**
 * What a mission costs above the rename itself: `skein run --yes` with the node up, beside the same
 * rename by language server and git alone, each a process from start to exit.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { folderBytes } from '#workspace/folder-bytes.ts';
import { temporaryFolder } from './support/bench-space.ts';
import { makeRepository, OLD_NAME, type RepositorySize } from './support/many-files.ts';
import { duration, scaled, type Bench, type Finding } from './report.ts';
import { takeTurns } from './rounds.ts';
import { stopNode, timeNode, timeSkein } from './support/skein-process.ts';

const PLAIN = fileURLToPath(new URL('./support/plain-rename.ts', import.meta.url));
const NEW_NAME = 'sumOfOrder';

const SIZES: readonly (RepositorySize & { readonly rounds: number })[] = [
  { files: 100, uses: 20, rounds: 7 },
  { files: 5_000, uses: 500, rounds: 3 },
];

/** The bench. */
export const mission: Bench = {
  about: 'a whole mission beside the rename alone',
  run: async (options) => {
    const findings: Finding[] = [];
    for (const size of SIZES) {
      const rounds = scaled(options, size.rounds);
      findings.push(...(await measure(size, rounds)));
    }
    return findings;
  },
};

async function measure(size: RepositorySize, rounds: number): Promise<Finding[]> {
  const folder = temporaryFolder();
  const [home, repository] = [join(folder.path, 'home'), join(folder.path, 'repository')];
  mkdirSync(repository);
  makeRepository(repository, size);
  try {
    let trees = 0;
    const figures = await takeTurns(rounds, {
      skein: () =>
        timeSkein(home, 'run', `rename ${OLD_NAME} to ${NEW_NAME}`, '--repo', repository, '--yes'),
      plain: () => {
        trees += 1;
        const worktree = join(folder.path, `plain-${trees}`);
        return timeNode([PLAIN, repository, worktree, OLD_NAME, NEW_NAME], home).durationMs;
      },
    });
    await stopNode(home);
    // The first round does not count above, but it is on the record.
    const bytes = folderBytes(join(home, 'spaces')) / (rounds + 1);
    return explain(size, figures, bytes);
  } finally {
    timeSkein(home, 'down');
    folder.dispose();
  }
}

function explain(
  { files, uses }: RepositorySize,
  { skein, plain }: Readonly<Record<'skein' | 'plain', number>>,
  bytes: number,
): Finding[] {
  const name = `${files} files, ${uses} uses`;
  return [
    {
      work: `mission, ${name}`,
      figure: duration(skein),
      peer: `language server and git alone: ${duration(plain)}`,
      ratio: skein / plain,
    },
    { work: `record of a mission, ${name}`, figure: `${(bytes / 1_000).toFixed(0)} kB` },
  ];
}
