/** Opens the tiers of this machine, each when it is first asked for, and tries to get out of it at once. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { toSkeinError } from '#protocol/errors.ts';
import { openCommands } from './command/open-commands.ts';
import type { DenoTier } from './deno/open-deno.ts';
import type { FoundJail } from './jail/open-jail.ts';
import type { ProbeReport, SandboxRequest, SandboxRun, Strength, Tier } from './sandbox.ts';

/** What tiers are made of. */
export interface TierOptions {
  /** A folder of the node's own, for what is prepared once and for the folders of runs. */
  readonly folder: string;
  /** The search path whose tools a command finds. */
  readonly searchPath: string;
  /** Folders of which no program may see anything. */
  readonly forbidden: readonly string[];
  /** The jail of this machine, or none and why; every way to make one when all is set. */
  readonly findJail: (all?: boolean) => Promise<FoundJail>;
  /** The value of a secret, undefined when there is none. */
  readonly readSecret?: (name: string) => Promise<string | undefined>;
  /** Processes of Python that wait warm, about 200 MB each; 1 when not said, where there is a core for it. */
  readonly pool?: number;
}

/** A tier that was tried. What is absent it can't do, or it does not hold. */
export interface TriedTier {
  readonly report: ProbeReport;
  readonly run?: (request: SandboxRequest) => SandboxRun;
  readonly session?: DenoTier['session'];
  readonly pooled?: () => number;
  readonly close?: () => Promise<void>;
}

/** How a tier is opened; never throws. */
export type OpenTier = (options: TierOptions) => Promise<TriedTier>;

/** Python that waits warm, where there is a core to spare for it. */
const WAITING = availableParallelism() > 1 ? 1 : 0;

const STRENGTH_OF: Readonly<Record<Tier, Strength>> = {
  T0: 'runtime',
  T1: 'runtime',
  'T1+': 'double',
  T2: 'kernel',
  T3: 'machine',
};

/** How each is opened. */
export const OPENERS: Readonly<Record<Tier, OpenTier>> = {
  T0: openT0,
  T1: (options) => openT1(options, 'T1'),
  'T1+': (options) => openT1(options, 'T1+'),
  T2: openT2,
  T3: openT3,
};

async function openT0({ folder }: TierOptions): Promise<TriedTier> {
  try {
    const { openQuickjs } = await import('./quickjs/open-quickjs.ts');
    const tier = await openQuickjs({ cacheFolder: join(folder, 'quickjs') });
    return heldOr(await tier.probe(), tier);
  } catch (thrown) {
    return absent('T0', 'quickjs', toSkeinError(thrown).message, 'Install Skein again: npm ci');
  }
}

async function openT1(options: TierOptions, name: 'T1' | 'T1+'): Promise<TriedTier> {
  const { folder, findJail } = options;
  const found = (await findJail()).jail;
  const jail = name === 'T1' ? null : found;
  if (name === 'T1+' && jail === null) {
    return absent(name, 'deno in a jail', 'No jail holds on this machine', 'See the lines of T2.');
  }
  try {
    const { openDeno } = await import('./deno/open-deno.ts');
    const cacheFolder = join(folder, 'deno');
    // Where both hold, runs go to the stronger one: nothing waits in the other.
    const pool = name === 'T1' && found !== null ? 0 : (options.pool ?? WAITING);
    const tier = await openDeno({ cacheFolder, pool, ...(jail === null ? {} : { jail }) });
    if ('problem' in tier) return absent(name, 'deno', tier.problem, tier.fix);
    return heldOr(await tier.probe(), tier);
  } catch (thrown) {
    return absent(name, 'deno', toSkeinError(thrown).message, 'Install Skein again: npm ci');
  }
}

async function openT2(options: TierOptions): Promise<TriedTier> {
  const { jail, reports } = await options.findJail();
  const report = reports.find(({ holds }) => holds) ?? reports[0];
  if (jail === null || report === undefined) {
    return report === undefined
      ? absent('T2', 'none', 'Jails are switched off', 'Start the node without SKEIN_SANDBOX=off.')
      : { report };
  }
  const tier = openCommands({ ...options, folder: join(options.folder, 'runs'), jail, tier: 'T2' });
  return { report, run: tier.run, close: tier.close };
}

async function openT3(options: TierOptions): Promise<TriedTier> {
  const { openStrong } = await import('./strong/open-strong.ts');
  const { jail, reports } = await openStrong();
  const report = reports.find(({ holds }) => holds) ?? reports[0];
  if (report === undefined)
    return absent('T3', 'none', 'Nothing was tried', 'Install gVisor (runsc).');
  if (jail === null) return { report };
  const tier = openCommands({ ...options, folder: join(options.folder, 'runs'), jail, tier: 'T3' });
  return { report, run: tier.run, close: tier.close };
}

/** A tier that does not hold can't be used at all, and nothing of it stays. */
async function heldOr(
  report: ProbeReport,
  tier: Omit<TriedTier, 'report'> & { readonly close: () => Promise<void> },
): Promise<TriedTier> {
  if (report.holds) return { ...tier, report };
  await tier.close();
  return { report };
}

const absent = (tier: Tier, mechanism: string, problem: string, fix: string): TriedTier => ({
  report: {
    enclosure: { tier, mechanism, strength: STRENGTH_OF[tier], walls: [], versions: {} },
    holds: false,
    attempts: [],
    problem,
    fix,
  },
});
