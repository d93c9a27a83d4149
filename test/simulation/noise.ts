/**
 * What else reaches a node: commands sent again long after their answer, commands that expect an
 * old state, writes of somebody who has lost their lease, claims before it is time.
 */
import type { Command } from '#protocol/command.ts';
import { toSkeinError } from '#protocol/errors.ts';
import type { PlanState } from '#supervisor/mission-reducer.ts';
import type { LeaseState, TaskState } from '#tasks/task-reducer.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { human, note } from '../support/test-ledger.ts';
import type { Acknowledged, Life } from './node/sim-node.ts';
import { gitId } from './world/world-state.ts';

interface EditInput {
  readonly kind: string;
  readonly effect: string;
  readonly data: { readonly token: number };
}

const KINDS = ['again', 'stale', 'ghost', 'ghost', 'early', 'impostor', 'grab'] as const;

/** Sends such commands now and then; `problems` are answers that must not be given. */
export class Noise {
  readonly problems: string[] = [];
  readonly #random: SeededRandom;
  readonly #newId: () => string;
  readonly #acknowledged: readonly Acknowledged[];

  constructor(random: SeededRandom, newId: () => string, acknowledged: readonly Acknowledged[]) {
    this.#random = random;
    this.#newId = newId;
    this.#acknowledged = acknowledged;
  }

  /** One of them, when there is one to send. */
  act(life: Life): void {
    const kind = this.#random.pick(KINDS);
    if (kind === 'again') this.#again(life);
    else if (kind === 'stale') this.#stale(life);
    else if (kind === 'ghost') this.#ghost(life);
    else if (kind === 'early') this.#early(life);
    else if (kind === 'impostor') this.#impostor(life);
    else this.#grab(life);
  }

  /** Sends what nobody may be let in with. */
  #refused({ ledger }: Life, what: string, command: Omit<Command, 'id'>): void {
    ledger.execute({ ...command, id: this.#newId() }, human).then(
      () => this.problems.push(`${what} was let in`),
      () => undefined,
    );
  }

  #again(life: Life): void {
    const stored = this.#acknowledged.filter(({ receipt }) => receipt.events.length > 0);
    if (stored.length === 0) return;
    const { command, speaker, receipt } = this.#random.pick(stored);
    life.ledger.execute(command, speaker).then(
      (second) => {
        const same = String(second.events) === String(receipt.events);
        if (!second.repeated || !same || second.commit !== receipt.commit) {
          this.problems.push(`${command.name} was executed again`);
        }
      },
      (thrown: unknown) =>
        this.problems.push(`${command.name} again: ${toSkeinError(thrown).message}`),
    );
  }

  #stale(life: Life): void {
    const missions = life.ledger.read.entities('mission');
    if (missions.length === 0) return;
    const { kind, id, version } = this.#random.pick(missions);
    const expect = { kind, id, version: version - 1 };
    const command = { name: 'note.record', input: note('late'), expect };
    this.#refused(life, 'a command that expected an old state', command);
  }

  /** Whether it is let in is for the oracle to judge: it knows who held what. */
  #ghost({ ledger }: Life): void {
    const edits = this.#acknowledged.filter(({ command }) => isEdit(command));
    if (edits.length === 0) return;
    const { command, speaker } = this.#random.pick(edits);
    const { effect, data, ...rest } = command.input as EditInput;
    const token = data.token - this.#random.below(2);
    const input = { ...rest, effect: `${effect}:ghost`, data: { ...data, token } };
    ledger.execute({ ...command, id: this.#newId(), input }, speaker).catch(() => undefined);
  }

  /** Claims a task that comes after one that nobody has begun yet. */
  #early(life: Life): void {
    const { read } = life.ledger;
    const statusOf = (task: string): string | undefined =>
      (read.entity('task', task)?.body as TaskState | undefined)?.status;
    const planned = read.entities('plan').flatMap(({ body }) => (body as PlanState).tasks);
    const later = planned.filter(
      ({ id, after = [] }) =>
        statusOf(id) === 'ready' && after.some((before) => statusOf(before) === 'ready'),
    );
    if (later.length === 0) return;
    const input = { task: this.#random.pick(later).id, agent: 'agent:early', ttlMs: 60_000 };
    this.#refused(life, 'a claim before its time', { name: 'task.claim', input });
  }

  /** Calls a task done that another one is at work on. */
  #impostor(life: Life): void {
    const held = this.#leases(life, 'held');
    if (held.length === 0) return;
    const { task, token } = this.#random.pick(held).body;
    const input = { task, gitTree: gitId('nothing'), checks: [], token: token - 1 };
    this.#refused(life, 'an end under another lease', { name: 'task.finish', input });
  }

  /** Wants one more path under a lease that is over. */
  #grab(life: Life): void {
    const over = this.#leases(life, 'released');
    if (over.length === 0) return;
    const { id: lease, body } = this.#random.pick(over);
    const input = { lease, token: body.token, path: 'a.ts', why: 'because' };
    this.#refused(life, 'a path for a lease that is over', { name: 'lease.extend', input });
  }

  #leases({ ledger }: Life, status: string) {
    return ledger.read
      .entities('lease')
      .map(({ id, body }) => ({ id, body: body as LeaseState }))
      .filter(({ body }) => body.status === status);
  }
}

const isEdit = ({ name, input }: Command): boolean =>
  name === 'effect.intend' &&
  (input as EditInput).kind === 'edit' &&
  !(input as EditInput).effect.endsWith(':ghost');
