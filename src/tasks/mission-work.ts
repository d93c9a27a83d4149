/** What everybody who works on one mission is handed. */
import type { Ledger } from '#ledger/ledger.ts';
import type { Repository } from '#workspace/git/open-repository.ts';
import type { World } from '#workspace/world.ts';
import type { Effects } from './effects.ts';

/** One mission at work. `now` is milliseconds since 1970, `monotonicMs` is for durations. */
export interface MissionWork {
  readonly mission: string;
  readonly ledger: Ledger;
  readonly effects: Effects;
  /** All that may be touched outside the record, and only inside effects. */
  readonly world: World;
  readonly repository: Repository;
  /** The git commit that the mission starts from. */
  readonly base: string;
  readonly worktree: string;
  /** A folder for the temporary files of checks. */
  readonly scratch: string;
  /** The PATH by which checks find their programs. */
  readonly searchPath: string;
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** A fresh UUIDv7. */
  readonly newId: () => string;
  readonly monotonicMs: () => number;
  /** Executes a command in the name of who holds this; answers the ids of its events. */
  readonly record: (name: string, input: unknown) => Promise<readonly string[]>;
  /**
   * The same work in the name of an agent: its commands and effects carry that name. `signal`
   * fires when the agent must stop: its mission stops, or it lost its lease.
   */
  readonly as: (agent: string, signal?: AbortSignal) => MissionWork;
}

/** Throws `interrupted` when the mission was told to stop: called between effects. */
export function safePoint(work: MissionWork): void {
  work.signal.throwIfAborted();
}
