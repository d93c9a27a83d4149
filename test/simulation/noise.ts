/**
 * What else reaches a node: commands sent again long after their answer, commands that expect an
 * old state, writes of somebody who has lost their lease.
 */
import type { Command } from '#protocol/command.ts';
import { toSkeinError } from '#protocol/errors.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { human, note } from '../support/test-ledger.ts';
import type { Acknowledged, Life } from './sim-node.ts';

interface EditInput {
  readonly kind: string;
  readonly effect: string;
  readonly data: { readonly token: number };
}

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
    const kind = this.#random.pick(['again', 'stale', 'ghost', 'ghost'] as const);
    if (kind === 'again') this.#again(life);
    else if (kind === 'stale') this.#stale(life);
    else this.#ghost(life);
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

  #stale({ ledger }: Life): void {
    const missions = ledger.read.entities('mission');
    if (missions.length === 0) return;
    const { kind, id, version } = this.#random.pick(missions);
    const expect = { kind, id, version: version - 1 };
    const command = { id: this.#newId(), name: 'note.record', input: note('late'), expect };
    ledger.execute(command, human).then(
      () => this.problems.push('a command that expected an old state was executed'),
      () => undefined,
    );
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
}

const isEdit = ({ name, input }: Command): boolean =>
  name === 'effect.intend' &&
  (input as EditInput).kind === 'edit' &&
  !(input as EditInput).effect.endsWith(':ghost');
