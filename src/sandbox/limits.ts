/** What a run may use: the defaults, and the most that can be asked for. */
import { SkeinError } from '#protocol/errors.ts';

/** All limits of a run. Times in milliseconds, sizes in bytes; fuel in instructions, 0 for uncounted. */
export interface Limits {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly memoryBytes: number;
  readonly fuel: number;
  /** Output that is kept; at eight times as much the run is killed. */
  readonly outputBytes: number;
  readonly processes: number;
  readonly openFiles: number;
  /** One file. */
  readonly fileBytes: number;
  readonly inBytes: number;
  readonly inFiles: number;
  readonly outBytes: number;
  readonly outFiles: number;
  /** The folder for temporary files, and the shared memory of a jail. */
  readonly temporaryBytes: number;
  readonly sharedBytes: number;
}

const MEGABYTE = 1024 * 1024;

const SHARED = {
  fuel: 0,
  outputBytes: MEGABYTE,
  openFiles: 256,
  fileBytes: 50 * MEGABYTE,
  inBytes: 50 * MEGABYTE,
  inFiles: 5_000,
  outBytes: 20 * MEGABYTE,
  outFiles: 500,
  temporaryBytes: 64 * MEGABYTE,
  sharedBytes: 16 * MEGABYTE,
} as const;

/** Of a program in a language (T0, T1, T1+). */
export const CODE_LIMITS: Limits = {
  ...SHARED,
  wallMs: 10_000,
  cpuMs: 10_000,
  memoryBytes: 256 * MEGABYTE,
  processes: 64,
};

/** Of a command (T2, T3). */
export const COMMAND_LIMITS: Limits = {
  ...SHARED,
  wallMs: 120_000,
  cpuMs: 240_000,
  memoryBytes: 1024 * MEGABYTE,
  processes: 128,
};

/** Nobody gets more than this. */
export const HARD_LIMITS: Limits = {
  wallMs: 900_000,
  cpuMs: 1_800_000,
  memoryBytes: 8 * 1024 * MEGABYTE,
  fuel: Number.MAX_SAFE_INTEGER,
  outputBytes: 16 * MEGABYTE,
  processes: 1_024,
  openFiles: 4_096,
  fileBytes: 1024 * MEGABYTE,
  inBytes: 1024 * MEGABYTE,
  inFiles: 100_000,
  outBytes: 200 * MEGABYTE,
  outFiles: 10_000,
  temporaryBytes: 4096 * MEGABYTE,
  sharedBytes: 512 * MEGABYTE,
};

/** The output at which a run is killed, as a multiple of what is kept. */
export const OUTPUT_KILL_FACTOR = 8;

/** The limits of a run; throws `usage` for one that is no whole number or more than anybody gets. */
export function limitsOf(defaults: Limits, asked: Partial<Limits> = {}): Limits {
  for (const [name, value] of Object.entries(asked)) {
    const most = HARD_LIMITS[name as keyof Limits];
    if (most === undefined) throw new SkeinError('usage', `Cannot limit ${name}: no such limit`);
    const least = name === 'fuel' ? 0 : 1;
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      const message = `Cannot limit ${name} to ${value}: it has to be a whole number from ${least} to ${most}`;
      throw new SkeinError('usage', message);
    }
  }
  return { ...defaults, ...asked };
}
