/** One node's inboxes over a ledger in memory, with shorthands for what agents do. */
import { agentId } from '#protocol/address.ts';
import type { SkeinEvent } from '#protocol/event-types.ts';
import type { Speaker } from '#protocol/command.ts';
import type { InboxState } from '#bus/inbox/inbox-reducer.ts';
import type { SkeinError } from '#protocol/errors.ts';
import {
  human,
  makeTestLedger,
  type TestLedger,
  type TestLedgerOptions,
} from '../support/test-ledger.ts';

/** The node itself. */
export const system: Speaker = { actor: 'node:0', authority: 'system' };

/** An agent. */
export const agent = (name: string): Speaker => ({ actor: `agent:${name}`, authority: 'peer' });

/** Who says what, with its errors as values. */
export interface BusStage {
  readonly ledger: TestLedger;
  readonly id: (name: string) => string;
  readonly inbox: (name: string) => InboxState;
  /** The events of a command, or its refusal. */
  readonly say: (
    speaker: Speaker,
    name: string,
    input: unknown,
    commandId?: string,
  ) => SkeinEvent[] | SkeinError;
  /** The same, thrown when refused. */
  readonly do: (speaker: Speaker, name: string, input: unknown, commandId?: string) => SkeinEvent[];
  readonly register: (name: string, more?: object) => void;
  readonly send: (from: string, to: string, more?: object) => string;
  /** Ids of what is handed out. */
  readonly take: (name: string, most?: number) => readonly string[];
  readonly events: () => SkeinEvent[];
}

/** Opens one. */
export function makeBusStage(options: TestLedgerOptions = {}): BusStage {
  const ledger = makeTestLedger(options);
  const { database, signer } = ledger;
  const one = database.prepare('SELECT body FROM entities WHERE kind = ? AND id = ?');
  const byPosition = database.prepare(
    'SELECT body FROM events WHERE position > ? ORDER BY position',
  );
  const after = (position: number): SkeinEvent[] =>
    byPosition
      .all(position)
      .map(({ body }) => JSON.parse(Buffer.from(body as Uint8Array).toString()));
  const id = (name: string): string => agentId(name, signer.key);
  const say: BusStage['say'] = (speaker, name, input, commandId = ledger.newId()) => {
    const before = ledger.core.position;
    const [outcome] = ledger.core.flush([{ command: { id: commandId, name, input }, speaker }]);
    if (outcome?.type === 'refused') return outcome.error;
    return after(before);
  };
  const act: BusStage['do'] = (...given) => {
    const said = say(...given);
    if (Array.isArray(said)) return said;
    throw said;
  };
  return {
    ledger,
    id,
    say,
    do: act,
    inbox: (name) => JSON.parse(String(one.get('inbox', id(name))?.['body'] ?? 'null')),
    register: (name, more = {}) =>
      void act(human, 'agent.register', { name, role: 'r', skills: [], topics: [], ...more }),
    send: (from, to, more = {}) => {
      const message = ledger.newId();
      act(agent(from), 'message.send', { to, text: 'hello', ...more }, message);
      return message;
    },
    take: (name, most = 1) => {
      const said = act(agent(name), 'message.deliver', { inbox: id(name), most });
      return said.flatMap((each) => (each.type === 'message.delivered' ? each.data.messages : []));
    },
    events: () => after(0),
  };
}
