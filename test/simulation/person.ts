/**
 * The people of a simulated story: they state goals, answer plans, interrupt, cancel and resume,
 * and send a command again, with the same id, when a crash has swallowed its answer.
 */
import type { Speaker } from '#protocol/command.ts';
import { toSkeinError } from '#protocol/errors.ts';
import type { MissionState } from '#supervisor/mission-reducer.ts';
import { human } from '../support/test-ledger.ts';
import type { Lie } from './node/sim-crew.ts';
import type { Life } from './node/sim-node.ts';
import { goalOf, type Intent } from './node/sim-recipe.ts';
import { TOP } from './world/world-state.ts';

/** A person's answer to a plan. */
export type Answer = 'approve' | 'reject';

/** What a person wants of one mission, and who lies to them. Steps count from the story's begin. */
export interface Wish extends Intent {
  readonly mission: string;
  readonly checks: readonly string[];
  readonly merge: boolean;
  /** How many tasks may be at work at once. */
  readonly jobs: number;
  /** To the first plan, and to those that follow. */
  readonly answers: readonly [Answer, Answer];
  readonly lie: Lie | null;
  readonly cancelAt: number | null;
  readonly interruptAt: number | null;
}

/** Names of errors that a person may meet when nothing is wrong with the node. */
const EXPECTED = new Set(['conflict', 'interrupted', 'not-found', 'ledger-closed']);

const ENDED = new Set(['rejected', 'cancelled', 'done', 'failed']);

/** The state of a mission on the record. */
export const missionOf = ({ ledger }: Life, { mission }: Wish): MissionState | undefined =>
  ledger.read.entity('mission', mission)?.body as MissionState | undefined;

/** One mission and who wants it. */
export class Person {
  readonly wish: Wish;
  readonly #newId: () => string;
  readonly #cancelId: string;
  /** One id for the answer to each plan, by its hash. */
  readonly #answerIds = new Map<string, string>();
  #busyIn: Life | undefined;
  #interrupted = false;
  #cancelled = false;
  /** What they were told and should not have been. */
  readonly surprises: string[] = [];

  constructor(wish: Wish, newId: () => string) {
    this.wish = wish;
    this.#newId = newId;
    this.#cancelId = newId();
  }

  /** Whether the mission has ended and nothing that was asked is still to be answered. */
  isContent(life: Life): boolean {
    const status = missionOf(life, this.wish)?.status ?? '';
    const atWork = life.supervisor.atWork.includes(this.wish.mission);
    return ENDED.has(status) && !atWork && this.#busyIn !== life;
  }

  /** Does what there is to do now, if anything. */
  act(life: Life, step: number): void {
    if (this.#busyIn === life) return;
    const call = this.#next(life, step);
    if (call === undefined) return;
    this.#busyIn = life;
    call()
      .catch((thrown: unknown) => {
        const { name, message } = toSkeinError(thrown);
        if (!EXPECTED.has(name)) this.surprises.push(`${name}: ${message}`);
      })
      .finally(() => {
        if (this.#busyIn === life) this.#busyIn = undefined;
      });
  }

  #next(life: Life, step: number): (() => Promise<unknown>) | undefined {
    const { mission, cancelAt, interruptAt } = this.wish;
    const state = missionOf(life, this.wish);
    if (state === undefined) return () => this.#submit(life);
    if (ENDED.has(state.status)) return undefined;
    const { supervisor } = life;
    const atWork = supervisor.atWork.includes(mission);
    if (cancelAt !== null && step >= cancelAt && !this.#cancelled) {
      return () => this.#cancel(life);
    }
    if (interruptAt !== null && step >= interruptAt && !this.#interrupted && atWork) {
      this.#interrupted = true;
      return () => supervisor.interrupt(mission, 'a person asked for it');
    }
    if (state.status === 'waiting') return () => this.#answer(life, state);
    return atWork ? undefined : () => this.#resume(life);
  }

  #submit({ supervisor }: Life): Promise<unknown> {
    const { mission, checks, merge, jobs } = this.wish;
    const options = { checks, merge, hooks: false, keepExports: false, jobs };
    const goal = goalOf(this.wish);
    const submission = { goal, repository: TOP, searchPath: '', options };
    return supervisor.submit({ id: mission, name: 'mission.submit', input: null }, submission, who);
  }

  #answer({ supervisor, ledger }: Life, { hash, approvedFrom }: MissionState): Promise<unknown> {
    const { mission, answers } = this.wish;
    const answer = answers[approvedFrom === null ? 0 : 1];
    const id = this.#answerIds.get(hash ?? '') ?? this.#newId();
    this.#answerIds.set(hash ?? '', id);
    const more = answer === 'approve' ? { from: 'terminal' } : { reason: 'not like this' };
    const input = { mission, hash, ...more };
    return supervisor[answer](ledger, { id, name: `mission.${answer}`, input }, who);
  }

  async #cancel({ supervisor, ledger }: Life): Promise<void> {
    const input = { mission: this.wish.mission, reason: 'never mind' };
    const command = { id: this.#cancelId, name: 'mission.cancel', input };
    // Whatever the answer is, they don't ask again; without an answer they do.
    await supervisor.cancel(ledger, command, who).finally(() => (this.#cancelled = true));
  }

  #resume({ supervisor, ledger }: Life): Promise<unknown> {
    const input = { mission: this.wish.mission };
    return supervisor.resume(ledger, { id: this.#newId(), name: 'mission.resume', input }, who);
  }
}

const who: Speaker = human;
