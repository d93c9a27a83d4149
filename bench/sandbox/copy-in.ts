/** How fast files get into a tier, beside a plain pipe of the same bytes. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { openCommands } from '#sandbox/command/open-commands.ts';
import type { DenoTier } from '#sandbox/deno/open-deno.ts';
import type { InputFile, Language, SandboxRequest } from '#sandbox/sandbox.ts';
import { scaled, type BenchOptions, type Finding } from '../report.ts';
import { takeTurns } from '../rounds.ts';
import { assertSound } from '../support/bench-space.ts';
import { timePipe } from './plain-program.ts';
import { notMeasured, type Absent, type Setting } from './setting.ts';
import { code, runSound, withDeno } from './timed-run.ts';

const ROUNDS = 4;
const SIZES = [
  { count: 500, megabytes: 5 },
  { count: 1_000, megabytes: 50 },
] as const;

/** Takes files and answers milliseconds, a run that does next to nothing included. */
type Copy = (files: readonly InputFile[]) => Promise<number>;

/** The part. */
export async function measureCopyIn(setting: Setting, options: BenchOptions): Promise<Finding[]> {
  const rounds = scaled(options, ROUNDS, 2);
  const cacheFolder = join(setting.folder, 'deno');
  const findings: Finding[] = [];
  for (const size of SIZES) {
    const files = makeFiles(size.count, (size.megabytes * 1e6) / size.count);
    const measured = await withDeno({ cacheFolder, pool: 0 }, (tier) =>
      measure(size, rounds, files, { ...sessions(tier), ...commands(setting) }),
    );
    findings.push(...('problem' in measured ? [absent(size, 'T1', measured)] : measured));
    if ('problem' in setting.jail) findings.push(absent(size, 'T2', setting.jail));
  }
  return findings;
}

type Size = (typeof SIZES)[number];

const absent = ({ count, megabytes }: Size, tier: string, why: Absent): Finding =>
  notMeasured(`${tier}: ${count} files, ${megabytes} MB in`, why);

async function measure(
  { count, megabytes }: Size,
  rounds: number,
  files: readonly InputFile[],
  copies: Readonly<Record<string, Copy>>,
): Promise<Finding[]> {
  const contents = files.map(({ content }) => content);
  const contenders = Object.entries(copies).map(([name, copy]) => [name, () => copy(files)]);
  const { pipe = Number.NaN, ...figures } = await takeTurns<string>(rounds, {
    ...Object.fromEntries(contenders),
    pipe: () => timePipe(contents),
  });
  return Object.entries(figures).map(([name, tookMs]) => ({
    work: `${name}: ${count} files, ${megabytes} MB in`,
    figure: speed(megabytes, tookMs),
    peer: `a plain pipe: ${speed(megabytes, pipe)}`,
    ratio: pipe / tookMs,
  }));
}

const speed = (megabytes: number, tookMs: number): string =>
  `${((megabytes * 1_000) / tookMs).toFixed(0)} MB/s`;

const makeFiles = (count: number, bytes: number): readonly InputFile[] =>
  Array.from({ length: count }, (_, index) => ({
    path: `part-${index % 20}/file-${index}.bin`,
    content: randomBytes(bytes),
  }));

const LANGUAGES = {
  'T1 JavaScript': {
    language: 'javascript',
    source: "export default Deno.statSync('part-7/file-487.bin').size",
  },
  'T1 Python': {
    language: 'python',
    source: "import os; os.path.getsize('part-7/file-487.bin')",
  },
} as const satisfies Readonly<
  Record<string, { readonly language: Language; readonly source: string }>
>;

/** Sessions, so that the start of a process does not count; each takes files once. */
const sessions = (tier: DenoTier): Readonly<Record<string, Copy>> =>
  Object.fromEntries(
    Object.entries(LANGUAGES).map(([name, { language, source }]) => [
      name,
      async (files: readonly InputFile[]) => {
        const session = await tier.session({ language });
        try {
          await runSound(session, code(language, '1'));
          const startedMs = performance.now();
          const { value } = await runSound(session, { ...code(language, source), files });
          const tookMs = performance.now() - startedMs;
          assertSound(value === String(files[0]?.content.length), `a file has ${value} bytes`);
          return tookMs;
        } finally {
          await session.close();
        }
      },
    ]),
  );

/** Files on the disk, and a command that only looks at one; what it left is looked through as well. */
function commands({ folder, jail }: Setting): Readonly<Record<string, Copy>> {
  if ('problem' in jail) return {};
  const tier = openCommands({
    jail,
    tier: 'T2',
    folder: join(folder, 'runs'),
    searchPath: '/usr/bin:/bin',
    forbidden: [],
  });
  const argv = ['test', '-s', 'part-7/file-487.bin'];
  const request: SandboxRequest = { program: { type: 'command', argv } };
  return {
    'T2, a command in all': async (files) => {
      const startedMs = performance.now();
      await runSound(tier, { ...request, files });
      return performance.now() - startedMs;
    },
  };
}
