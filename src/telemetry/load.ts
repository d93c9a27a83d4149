/**
 * How loaded this machine is: processor, memory, and graphics cards when `nvidia-smi` answers.
 * Measured when somebody asks, at most once a second; what can't be measured is left out.
 */
import { execFile } from 'node:child_process';
import { cpus, totalmem } from 'node:os';

/** A graphics card. `utilisation` is 0 to 1, memory in bytes. */
export interface GpuLoad {
  readonly name: string;
  readonly utilisation: number;
  readonly memoryUsed: number;
  readonly memoryTotal: number;
}

/** `cpu` is the share of all cores that was busy since the last look, 0 to 1; memory in bytes. */
export interface Load {
  readonly cpu: number;
  readonly memoryUsed: number;
  readonly memoryTotal: number;
  readonly gpu?: readonly GpuLoad[];
}

/** Time since the machine was started, in milliseconds over all cores. */
export interface CpuTimes {
  readonly busyMs: number;
  readonly totalMs: number;
}

/** Where load is read from; `readMachine` is the real one. */
export interface LoadSources {
  readonly monotonicMs: () => number;
  readonly cpuTimes: () => CpuTimes;
  readonly memory: () => Pick<Load, 'memoryUsed' | 'memoryTotal'>;
  /** The answer of `nvidia-smi`; undefined when it gave none. */
  readonly gpu: () => Promise<string | undefined>;
}

const LOOK_MS = 1_000;
/** The program may take a second of a core: it is asked seldom, and hardly ever once it failed. */
const GPU_MS = 30_000;
const NO_GPU_MS = 600_000;
const GPU_LIMIT_MS = 5_000;
const MIB = 1024 * 1024;

/** Measures on demand; graphics cards are as they were when they were asked last. */
export function makeLoadSampler(sources: LoadSources): () => Load {
  const { monotonicMs, cpuTimes, memory } = sources;
  const gpu = makeGpuSampler(sources);
  let before: CpuTimes = { busyMs: 0, totalMs: 0 };
  let last: { readonly atMs: number; readonly load: Load } | undefined;
  return () => {
    const atMs = monotonicMs();
    if (last !== undefined && atMs - last.atMs < LOOK_MS) return last.load;
    const times = cpuTimes();
    const cpu = shareOf(times.busyMs - before.busyMs, times.totalMs - before.totalMs);
    before = times;
    const cards = gpu();
    last = { atMs, load: { cpu, ...memory(), ...(cards.length === 0 ? {} : { gpu: cards }) } };
    return last.load;
  };
}

const shareOf = (part: number, whole: number): number =>
  whole <= 0 ? 0 : Math.round(Math.min(1, Math.max(0, part / whole)) * 1_000) / 1_000;

/** Nobody waits for the cards: the answer is what is known, and asks anew when that is old. */
function makeGpuSampler(sources: LoadSources): () => readonly GpuLoad[] {
  let cards: readonly GpuLoad[] = [];
  let dueMs = Number.NEGATIVE_INFINITY;
  const ask = async (atMs: number): Promise<void> => {
    const answer = await sources.gpu();
    cards = answer === undefined ? [] : parseCards(answer);
    dueMs = atMs + (cards.length === 0 ? NO_GPU_MS : GPU_MS);
  };
  return () => {
    const atMs = sources.monotonicMs();
    if (atMs >= dueMs) {
      dueMs = Number.POSITIVE_INFINITY;
      ask(atMs).catch(() => (dueMs = atMs + NO_GPU_MS));
    }
    return cards;
  };
}

/**
 * Cards from lines of "name, utilisation in %, memory used, memory in all" in MiB, as `nvidia-smi
 * --format=csv,noheader,nounits` prints them. Lines with `[N/A]` in a figure are left out.
 */
export function parseCards(answer: string): GpuLoad[] {
  return answer.split('\n').flatMap((line): GpuLoad[] => {
    const cells = line.split(',').map((cell) => cell.trim());
    const [total = '', used = '', percent = '', ...name] = cells.toReversed();
    const figures = [percent, used, total].map((cell) => (cell === '' ? Number.NaN : Number(cell)));
    const [utilisation = 0, memoryUsed = 0, memoryTotal = 0] = figures;
    if (name.length === 0 || !figures.every((figure) => figure >= 0)) return [];
    return [
      {
        name: name.toReversed().join(', '),
        utilisation: shareOf(utilisation, 100),
        memoryUsed: memoryUsed * MIB,
        memoryTotal: memoryTotal * MIB,
      },
    ];
  });
}

/** Reads this machine. `path` is where programs are looked for, `nvidia` the one that is asked. */
export const readMachine = (
  monotonicMs: () => number,
  path: string,
  nvidia = 'nvidia-smi',
): LoadSources => ({
  monotonicMs,
  cpuTimes: () => {
    const times = cpus().map(({ times: { user, nice, sys, irq, idle } }) => ({
      busyMs: user + nice + sys + irq,
      totalMs: user + nice + sys + irq + idle,
    }));
    return {
      busyMs: times.reduce((sum, { busyMs }) => sum + busyMs, 0),
      totalMs: times.reduce((sum, { totalMs }) => sum + totalMs, 0),
    };
  },
  memory: () => {
    // In a container its own limit counts; without one Node answers 0 or more than there is.
    const limit = process.constrainedMemory();
    const memoryTotal = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
    return { memoryUsed: Math.max(0, memoryTotal - process.availableMemory()), memoryTotal };
  },
  gpu: () => askCards(nvidia, path),
});

function askCards(program: string, path: string): Promise<string | undefined> {
  const wanted = 'name,utilization.gpu,memory.used,memory.total';
  const words = [`--query-gpu=${wanted}`, '--format=csv,noheader,nounits'];
  const options = { timeout: GPU_LIMIT_MS, maxBuffer: 64 * 1024, env: { PATH: path, LANG: 'C' } };
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  execFile(program, words, options, (error, stdout) =>
    resolve(error === null ? String(stdout) : undefined),
  );
  return promise;
}
