/**
 * Attacks on a sandbox: programs that try to get out, to see, to reach, to stay, or to use up. Each is
 * judged by what happened on the host, never by what the program says that it could do, unless only
 * it can know (how much it got). An attack that never ran proves nothing, and is told apart.
 */
import type { Limits } from '#sandbox/limits.ts';
import type { InputFile, SandboxResult, Tier } from '#sandbox/sandbox.ts';
import type { Aims } from './aims.ts';

/** What an attack goes for. */
export type AttackGroup =
  | 'files'
  | 'secrets'
  | 'network'
  | 'processes'
  | 'resources'
  | 'host'
  | 'persistence'
  | 'determinism';

/** In which form it is tried: in a language, or in the shell of a jail. */
export type Dialect = 'python' | 'javascript' | 'shell';

/** How one run of an attack ended: with a result, or with the name of an error. */
export type AttackOutcome =
  | { readonly type: 'ran'; readonly result: SandboxResult; readonly tookMs: number }
  | { readonly type: 'refused'; readonly error: string };

/** The results of its runs, in order: one, but for attacks that come back. */
export type AttackRuns = readonly SandboxResult[];

/** Makes the programs of an attack: one a run. */
export type Programs = (aims: Aims) => string | readonly string[];

/** One attack in one form. */
export interface Attack {
  /** Such as `read-outside python`. */
  readonly name: string;
  readonly group: AttackGroup;
  readonly dialect: Dialect;
  readonly tiers: readonly Tier[];
  readonly programs: Programs;
  readonly limits: Partial<Limits>;
  readonly files: readonly InputFile[];
  /** With chance and clock fixed. */
  readonly isExact: boolean;
  /** What broke, beside the effects on the host that are looked for after each attack; null for nothing. */
  readonly judge: (runs: AttackRuns, aims: Aims) => string | null;
}

/** What came of an attack: `not-run` when the program never began. */
export interface AttackResult {
  readonly name: string;
  readonly group: AttackGroup;
  readonly tier: Tier;
  readonly verdict: 'held' | 'broke' | 'not-run';
  readonly how: string;
}
