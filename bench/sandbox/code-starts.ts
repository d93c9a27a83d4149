/** T1 and T1+: how soon a small program has its answer, beside the same program without a wall. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DenoTier } from '#sandbox/deno/open-deno.ts';
import { findRuntimeFiles } from '#sandbox/deno/runtime/runtime-files.ts';
import { denoArguments } from '#sandbox/deno/runtime/start-process.ts';
import { CODE_LIMITS } from '#sandbox/limits.ts';
import { atMost, duration, scaled, type BenchOptions, type Finding } from '../report.ts';
import { median, quantile, takeTurns, type Contender } from '../rounds.ts';
import { timePlain } from './plain-program.ts';
import { notMeasured, type Absent, type Setting } from './setting.ts';
import { code, timeRun, untilPooled, withDeno } from './timed-run.ts';

const PYTHON_ROUNDS = 7;
const WARM_RUNS = 13;
const SCRIPT_ROUNDS = 9;
const PYTHON = code('python', '1 + 1');

/** Programs that start anew in each language. */
const COLD = {
  Python: { request: PYTHON, goalMs: 600, rounds: PYTHON_ROUNDS },
  JavaScript: { request: code('javascript', '1 + 1'), goalMs: 60, rounds: SCRIPT_ROUNDS },
  TypeScript: {
    request: code('typescript', 'const n: number = 1; n + 1'),
    goalMs: 60,
    rounds: SCRIPT_ROUNDS,
  },
} as const;

/** The part. */
export async function measureStarts(setting: Setting, options: BenchOptions): Promise<Finding[]> {
  const { jail } = setting;
  const cacheFolder = join(setting.folder, 'deno');
  const cold = await withDeno({ cacheFolder, pool: 0 }, async (tier) => [
    await measureBuild(tier),
    ...('problem' in jail
      ? await measureCold(setting, options, tier, jail)
      : inner(
          'T1+, cold',
          await withDeno({ cacheFolder, jail, pool: 0 }, (jailed) =>
            measureCold(setting, options, tier, jailed),
          ),
        )),
  ]);
  const findings = inner('T1', cold);
  if ('problem' in cold) return findings;
  const runs = scaled(options, WARM_RUNS, 5);
  const warm = await withDeno({ cacheFolder, pool: 1 }, (tier) =>
    measureWarm(setting, 'T1', tier, runs),
  );
  if ('problem' in jail) return [...findings, ...inner('T1, warm', warm)];
  const warmJailed = await withDeno({ cacheFolder, jail, pool: 1 }, (tier) =>
    measureWarm(setting, 'T1+', tier, runs),
  );
  return [...findings, ...inner('T1, warm', warm), ...inner('T1+, warm', warmJailed)];
}

const inner = (work: string, found: Finding[] | Absent): Finding[] =>
  'problem' in found ? [notMeasured(work, found)] : found;

async function measureBuild(tier: DenoTier): Promise<Finding> {
  const startedMs = performance.now();
  await tier.prepare();
  const tookMs = performance.now() - startedMs;
  return {
    work: 'T1: building the fast start of Python, once for a version',
    figure: duration(tookMs),
    goal: atMost(tookMs, 8_000, '8 s'),
  };
}

async function measureCold(
  setting: Setting,
  options: BenchOptions,
  tier: DenoTier,
  jailed: DenoTier | Absent,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [language, { request, goalMs, rounds }] of Object.entries(COLD)) {
    const plain = plainStart(setting, language);
    const figures = await takeTurns<string>(scaled(options, rounds, 3), {
      T1: () => timeRun(tier, request),
      ...('problem' in jailed ? {} : { 'T1+': () => timeRun(jailed, request) }),
      ...(plain === null ? {} : { plain: plain.time }),
    });
    const { T1: bare = Number.NaN, 'T1+': double, plain: peer } = figures;
    const beside =
      plain === null || peer === undefined
        ? {}
        : { peer: `${plain.name}: ${duration(peer)}`, ratio: bare / peer };
    findings.push({
      work: `T1: ${language} in a new process, p50`,
      figure: duration(bare),
      ...beside,
      goal: atMost(bare, goalMs, `${goalMs} ms`),
    });
    findings.push(
      double === undefined
        ? notMeasured(`T1+: ${language}, what the jail adds`, jailed as Absent)
        : surcharge(language, bare, double),
    );
  }
  return findings;
}

function surcharge(language: string, bare: number, double: number): Finding {
  return {
    work: `T1+: ${language} in a new process, p50: ${duration(double)}, so the jail adds`,
    figure: duration(double - bare),
    peer: `T1: ${duration(bare)}`,
    ratio: double / bare,
    goal: atMost(double - bare, 200, '200 ms'),
  };
}

/** The same program and runtime without us; for Python the native one. */
function plainStart(
  { folder, python }: Setting,
  language: string,
): { readonly name: string; readonly time: Contender } | null {
  if (language === 'Python') {
    if (typeof python !== 'string') return null;
    return { name: 'python3 -c', time: () => timePlain([python, '-c', '1 + 1']) };
  }
  const files = findRuntimeFiles();
  if ('problem' in files) return null;
  const script = join(folder, language === 'TypeScript' ? 'plain.ts' : 'plain.js');
  writeFileSync(script, language === 'TypeScript' ? 'const n: number = 1; n + 1;' : '1 + 1;');
  const launch = {
    script,
    runtime: 'javascript',
    args: [],
    read: [],
    limits: CODE_LIMITS,
  } as const;
  const argv = [files.deno, ...denoArguments(launch)];
  return { name: 'deno run alone', time: () => timePlain(argv) };
}

/** Each run has a waiting process of its own, and nothing is started beside it. */
async function measureWarm(
  { python }: Setting,
  name: string,
  tier: DenoTier,
  runs: number,
): Promise<Finding[]> {
  await tier.prepare();
  const [taken, plain]: [number[], number[]] = [[], []];
  // One that does not count.
  for (let run = 0; run <= runs; run += 1) {
    await untilPooled(tier);
    const native = typeof python === 'string' ? await timePlain([python, '-c', '1 + 1']) : null;
    const tookMs = await timeRun(tier, PYTHON);
    if (run > 0) taken.push(tookMs);
    if (run > 0 && native !== null) plain.push(native);
  }
  const row = (share: number, goalMs: number): Finding => {
    const figure = quantile(taken, share);
    return {
      work: `${name}: Python in a waiting process, p${share * 100} of ${runs}`,
      figure: duration(figure),
      ...(plain.length === 0
        ? {}
        : { peer: `python3 -c, p50: ${duration(median(plain))}`, ratio: figure / median(plain) }),
      goal: atMost(figure, goalMs, `${goalMs} ms`),
    };
  };
  return [row(0.5, 25), row(0.95, 60)];
}
