/**
 * The commands of one transaction: each is decided on what those before it left, and what it decides
 * is encoded and folded at once. One that is refused leaves no trace and does not disturb the others.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Signer } from '#identity/signer.ts';
import { isUuidv7 } from '#lib/uuidv7.ts';
import type { Command } from '#protocol/command.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { EventEnvelope } from '#protocol/event.ts';
import {
  assertData,
  entityOf,
  type DecodedEvent,
  type NewSkeinEvent,
} from '#protocol/event-types.ts';
import { encodeEvents, type EncodedEvent } from '#ledger/store/commit-writer.ts';
import type { IdRange } from '#ledger/store/id-store.ts';
import { isSqliteFailure } from '#ledger/store/ledger-state.ts';
import type { CommitShelf } from './commit-shelf.ts';
import type { DeciderTable, DecisionContext } from './decider.ts';
import { earlierReceipt, idsTaken, tooLarge, type Outcome, type Pending } from './outcome.ts';
import type { SpaceState } from './state/space-reducer.ts';

/** A command decided in this flush: its receipt can only be written once the commit is. */
export interface Decided {
  readonly type: 'decided';
  readonly range: IdRange | null;
  readonly repeated: boolean;
}

/** What commands are decided with; `time` is milliseconds since 1970. */
export interface BatchParts {
  readonly database: DatabaseSync;
  readonly space: string;
  readonly signer: Signer;
  readonly epoch: number;
  readonly founder?: string | undefined;
  readonly deciders: DeciderTable;
  readonly shelf: CommitShelf;
  readonly salt: () => Buffer;
  readonly time: number;
}

const MAX_EVENTS_PER_COMMAND = 10_000;

/** The events of one command, which is never split. */
const MAX_COMMAND_BYTES = 4 * 1024 * 1024;

/** One transaction's commands; `events` are to be signed as one commit. */
export class CommandBatch {
  readonly events: EncodedEvent[] = [];
  /** Of all events together. */
  bytes = 0;
  readonly #parts: BatchParts;

  constructor(parts: BatchParts) {
    this.#parts = parts;
  }

  /** Decides and folds a command; throws only what ends the transaction. */
  attempt(pending: Pending): Outcome | Decided {
    try {
      const range = this.#execute(pending);
      this.#parts.shelf.entities.settle();
      return range;
    } catch (thrown) {
      // After some failures SQLite has rolled back by itself: nothing may be written after them.
      if (isSqliteFailure(thrown)) throw thrown;
      this.#parts.shelf.entities.revert();
      return { type: 'refused', error: toSkeinError(thrown) };
    }
  }

  #execute({ command, speaker }: Pending): Outcome | Decided {
    if (!isUuidv7(command.id)) {
      throw new SkeinError('usage', `Cannot execute ${command.name}: its id is no UUIDv7`);
    }
    const earlier = this.#parts.shelf.ids.find(command.id);
    if (earlier?.id === command.id) return this.#repeat(earlier);
    if (earlier !== undefined) throw idsTaken(command);
    this.#assertExpected(command);
    const decided = this.#decide({ command, speaker });
    if (decided.length === 0) return { type: 'decided', range: null, repeated: false };
    const range = this.fold(decided, { command, speaker });
    return { type: 'decided', range, repeated: false };
  }

  #assertExpected({ name, expect }: Command): void {
    if (expect === undefined) return;
    const found = this.#parts.shelf.entities.get(expect.kind, expect.id)?.version ?? 0;
    if (found !== expect.version) {
      throw new SkeinError(
        'conflict',
        `Cannot execute ${name}: ${expect.kind} ${expect.id} is at version ${found}, not ${expect.version}`,
        {
          fix: 'Read it again and decide anew.',
          details: { version: found },
        },
      );
    }
  }

  #decide({ command, speaker }: Pending): readonly NewSkeinEvent[] {
    const { deciders, epoch, signer, space } = this.#parts;
    const decide = Object.hasOwn(deciders, command.name) ? deciders[command.name] : undefined;
    if (decide === undefined) {
      throw new SkeinError(
        'command-unknown',
        `Cannot execute ${command.name}: there is no such command`,
      );
    }
    const context: DecisionContext = {
      entity: ((kind, id) => this.#parts.shelf.entities.get(kind, id)) as DecisionContext['entity'],
      entities: ((kind) => this.#parts.shelf.entities.list(kind)) as DecisionContext['entities'],
      view: (view) => this.#parts.shelf.entities.view(view),
      now: this.#parts.time,
      epoch,
      node: signer.key,
      space,
      authority: speaker.authority,
      actor: speaker.actor,
      command: command.id,
    };
    const decided = decide(command.input, context);
    if (decided.length > MAX_EVENTS_PER_COMMAND) {
      throw tooLarge(command, `${decided.length} events`);
    }
    return decided;
  }

  /** Takes in what was decided; the ids of its events count up from the command's. */
  fold(decided: readonly NewSkeinEvent[], { command, speaker }: Pending): IdRange {
    if (!this.#parts.shelf.ids.isFree(command.id, decided.length)) throw idsTaken(command);
    const { signer } = this.#parts;
    this.#assertMayWrite(command);
    for (const event of decided) assertData(event);
    const encoded = encodeEvents(decided, command, speaker, {
      time: new Date(this.#parts.time).toISOString(),
      salt: this.#parts.salt,
    });
    const bytes = encoded.reduce((sum, { body }) => sum + body.length, 0);
    if (bytes > MAX_COMMAND_BYTES) throw tooLarge(command, `${bytes} bytes of events`);
    for (const { event } of encoded) {
      const isFolded = this.#parts.shelf.fold({ known: true, event } as DecodedEvent, signer.key);
      if (!isFolded) this.#assertHome(event);
    }
    const position = this.#parts.shelf.position + this.events.length + 1;
    const range = { id: command.id, position, count: encoded.length };
    // Inside the transaction already: the next command of this flush sees these ids as taken.
    this.#parts.shelf.ids.add(range);
    this.events.push(...encoded);
    this.bytes += bytes;
    return range;
  }

  /** Only the home of an entity may change it: what another one writes would be void. */
  #assertHome(event: EventEnvelope): void {
    const reference = entityOf(event);
    if (reference === null) return;
    const { kind, id } = reference;
    const home = this.#parts.shelf.entities.get(kind, id)?.home;
    throw new SkeinError('not-home', `Cannot change ${kind} ${id}: another node decides about it`, {
      fix: 'Ask that node: what it decides comes back by the record.',
      details: { kind, id, ...(home === undefined ? {} : { home }) },
    });
  }

  /** A command of this flush has no commit yet; an older one is answered from the record. */
  #repeat(range: IdRange): Outcome | Decided {
    if (range.position > this.#parts.shelf.position)
      return { type: 'decided', range, repeated: true };
    return { type: 'stored', receipt: earlierReceipt(this.#parts.database, range) };
  }

  /** In a space that another node made, this one writes once it was admitted, until it is removed. */
  #assertMayWrite({ name }: Command): void {
    const { founder, signer } = this.#parts;
    if (founder === undefined || founder === signer.key) return;
    const state = this.#parts.shelf.entities.get('space', this.#parts.space)?.body as
      | SpaceState
      | undefined;
    const role = state?.members[signer.key];
    if (role !== undefined && role !== 'reader') return;
    const outside = state === undefined ? 'its beginning has not arrived yet' : 'it is no member';
    const why = role === 'reader' ? 'this node may only read it' : outside;
    throw new SkeinError('not-member', `Cannot execute ${name} in this space: ${why}`, {
      fix: 'Ask the person at the node that made the space for an invitation.',
    });
  }
}
