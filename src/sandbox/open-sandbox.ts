/**
 * Opens the sandbox of a node. Which tiers hold is found by trying to get out of each, never assumed; a
 * run goes to the first one that can do it and is strong enough, or is refused with what to do about it.
 */
import { SkeinError } from '#protocol/errors.ts';
import { EventStream } from './run/event-stream.ts';
import { OPENERS, type TierOptions, type TriedTier } from './open-tiers.ts';
import {
  isEnough,
  type ProbeReport,
  type RunStatus,
  type Sandbox,
  type SandboxRequest,
  type SandboxRun,
  type SandboxSession,
  type SandboxStats,
  type Strength,
  type Tier,
} from './sandbox.ts';

/** Where code is run when nothing else is said: behind two walls where that holds, else behind one. */
const FOR_CODE: readonly Tier[] = ['T1+', 'T1'];
/** What an operator installed is slower: it is taken where less is not enough. */
const FOR_COMMANDS: readonly Tier[] = ['T2', 'T3'];
const KNOWN = Object.keys(OPENERS) as readonly Tier[];

/** Opens it; each tier is opened and tried when it is first needed. */
export const openSandbox = async (options: TierOptions): Promise<Sandbox> =>
  new TieredSandbox(options);

class TieredSandbox implements Sandbox {
  readonly #options: TierOptions;
  readonly #tiers = new Map<Tier, Promise<TriedTier>>();
  /** Tiers that were tried again: runs of theirs may still be under way. */
  readonly #old: Promise<TriedTier>[] = [];
  readonly #counts = new Map<RunStatus, number>();
  #running = 0;
  #refused = 0;
  #pooled: (() => number)[] = [];

  constructor(options: TierOptions) {
    this.#options = options;
  }

  readonly run = (request: SandboxRequest): SandboxRun => {
    const chosen = this.#choose(request);
    return this.#counted(deferRun(chosen.then((run) => run(request))));
  };

  readonly session: Sandbox['session'] = async (owner, request) => {
    const least = request.least ?? 'runtime';
    const [tier] = await this.#candidates(FOR_CODE, least);
    if (tier?.session === undefined) throw this.#refuse(await this.#reports(FOR_CODE), least);
    if (owner === '') throw new SkeinError('usage', 'Cannot open a session: it has no owner');
    const session: SandboxSession = await tier.session(request);
    return { run: (each) => this.#counted(session.run(each)), close: session.close };
  };

  readonly probe: Sandbox['probe'] = async ({ again = false } = {}) => {
    if (again) {
      this.#old.push(...this.#tiers.values());
      this.#tiers.clear();
      this.#pooled = [];
    }
    const reports = await this.#reports(KNOWN);
    const { reports: jails } = await this.#options.findJail(true);
    // Of the jails the one that is used is among them already; the others are what is left without it.
    const shown = new Set(reports.map(({ enclosure }) => enclosure.mechanism));
    return [...reports, ...jails.filter(({ enclosure }) => !shown.has(enclosure.mechanism))];
  };

  readonly stats = (): SandboxStats => ({
    running: this.#running,
    waiting: 0,
    pooled: this.#pooled.reduce((sum, pooled) => sum + pooled(), 0),
    runs: Object.fromEntries(STATUSES.map((each) => [each, this.#counts.get(each) ?? 0])) as Record<
      RunStatus,
      number
    >,
    refused: this.#refused,
  });

  readonly close = async (): Promise<void> => {
    const all = await Promise.all([...this.#tiers.values(), ...this.#old]);
    await Promise.all(all.map((tier) => tier.close?.()));
  };

  #tier(name: Tier): Promise<TriedTier> {
    const known = this.#tiers.get(name);
    if (known !== undefined) return known;
    const opening = OPENERS[name](this.#options).then((tier) => {
      if (tier.pooled !== undefined) this.#pooled.push(tier.pooled);
      return tier;
    });
    this.#tiers.set(name, opening);
    return opening;
  }

  /** One after the other: each attempt to get out starts programs, and the first that holds is taken. */
  async #reports(names: readonly Tier[]): Promise<readonly ProbeReport[]> {
    const reports: ProbeReport[] = [];
    for (const name of names) reports.push((await this.#tier(name)).report);
    return reports;
  }

  async #candidates(names: readonly Tier[], least: Strength): Promise<readonly TriedTier[]> {
    for (const name of names) {
      const tier = await this.#tier(name);
      const { holds, enclosure } = tier.report;
      if (holds && isEnough(enclosure.strength, least)) return [tier];
    }
    return [];
  }

  async #choose({
    program,
    tier,
    least = program.type === 'code' ? 'runtime' : 'kernel',
  }: SandboxRequest): Promise<(request: SandboxRequest) => SandboxRun> {
    const names = namesFor(program.type, tier);
    const [chosen] = await this.#candidates(names, least);
    if (chosen?.run !== undefined) return chosen.run;
    throw this.#refuse(await this.#reports(names), least);
  }

  #refuse(reports: readonly ProbeReport[], least: Strength): SkeinError {
    this.#refused += 1;
    const tried = reports.map(({ enclosure, holds, problem, fix }) => {
      const why = holds ? `is of strength ${enclosure.strength}` : (problem ?? 'does not hold');
      return { tier: enclosure.tier, mechanism: enclosure.mechanism, why, fix };
    });
    const state = tried.map(({ tier, why }) => `${tier}: ${why}`).join('; ');
    const message = `Cannot run this: nothing here is as strong as "${least}" asks (${state || 'no tier'})`;
    const fix = tried.find((each) => each.fix !== null)?.fix ?? 'Ask for less strength.';
    return new SkeinError('sandbox-unavailable', message, { fix, details: { least, tried } });
  }

  #counted(run: SandboxRun): SandboxRun {
    this.#running += 1;
    run.result
      .then(({ status }) => this.#counts.set(status, (this.#counts.get(status) ?? 0) + 1))
      .catch(() => undefined)
      .finally(() => (this.#running -= 1));
    return run;
  }
}

const STATUSES: readonly RunStatus[] = [
  'ok',
  'error',
  'timeout',
  'memory',
  'output',
  'fuel',
  'killed',
];

function namesFor(type: 'code' | 'command', tier: Tier | undefined): readonly Tier[] {
  const forCommands = FOR_COMMANDS.find((each) => each === tier) !== undefined;
  if (tier === undefined) return type === 'code' ? FOR_CODE : FOR_COMMANDS;
  if (forCommands === (type === 'command')) return [tier];
  const what = type === 'code' ? 'a program in a language' : 'a command';
  const fix = type === 'code' ? 'Choose T0, T1 or T1+.' : 'Choose T2 or T3.';
  throw new SkeinError('sandbox-unavailable', `Cannot run ${what} in ${tier}`, { fix });
}

/** A run whose tier is not chosen yet. */
function deferRun(chosen: Promise<SandboxRun>): SandboxRun {
  const stream = new EventStream();
  const forward = async (): Promise<void> => {
    try {
      for await (const event of (await chosen).events) stream.emit(event);
    } catch {
      // Whoever waits for the result is told.
    } finally {
      stream.close();
    }
  };
  void forward();
  const result = chosen.then((run) => run.result);
  result.catch(() => undefined);
  return {
    events: stream,
    result,
    kill: async () => (await chosen.catch(() => undefined))?.kill(),
  };
}
