/**
 * Asks the home of something for a decision, by the record: the wish travels as any event does, and so
 * does the answer. Whether the nodes are linked right now, or either of them dies, makes it later, not
 * lost and not twice.
 */
import type { Ledger } from '#ledger/ledger.ts';
import type { Speaker } from '#protocol/command.ts';
import { SkeinError } from '#protocol/errors.ts';
import { decodeEvent, type SkeinEvent } from '#protocol/event-types.ts';

/** With what is asked; `signal` ends the waiting, not the request. */
export interface Asking {
  readonly ledger: Pick<Ledger, 'execute' | 'read' | 'subscribe'>;
  readonly speaker: Speaker;
  readonly signal: AbortSignal;
}

/** A wish: `id` is a UUIDv7 that names it for ever, `to` the key of the node that decides. */
export interface HomeRequest {
  readonly id: string;
  readonly to: string;
  readonly name: string;
  readonly input: unknown;
  readonly mission?: string;
}

/** What the home made of it; `error` is the name of an error, `detail` its message. */
export type HomeAnswer =
  | { readonly type: 'accepted'; readonly events: readonly string[] }
  | { readonly type: 'rejected'; readonly error: string; readonly detail: string };

/**
 * Puts the request on the record, unless it is there, and waits for its answer. Throws what the own
 * record refuses, and the reason of `signal`; the request stays open then.
 */
export async function askHome(asking: Asking, request: HomeRequest): Promise<HomeAnswer> {
  const { id, to, name: command, mission } = request;
  const about = mission === undefined ? {} : { mission };
  const input = { to, command, input: JSON.stringify(request.input), ...about };
  await asking.ledger.execute({ id, name: 'request.make', input }, asking.speaker);
  return answerTo(asking, { id, to });
}

/** The answer to a request that is on the record; throws the reason of `signal`. */
export async function answerTo(
  { ledger, signal }: Pick<Asking, 'ledger' | 'signal'>,
  { id, to }: Pick<HomeRequest, 'id' | 'to'>,
): Promise<HomeAnswer> {
  const after = ledger.read.position(id);
  if (after === undefined) {
    throw new SkeinError('not-found', `Cannot wait for an answer: there is no request ${id}`);
  }
  for await (const page of ledger.subscribe({ after, follow: true, signal })) {
    for (const { type, author, body } of page) {
      // Only the node that was asked can answer, whatever others put on the record.
      const isAnswer = type === 'request.accepted' || type === 'request.rejected';
      if (!isAnswer || author !== to || body === null) continue;
      const answer = readAnswer(body, id);
      if (answer !== undefined) return answer;
    }
  }
  signal.throwIfAborted();
  throw new SkeinError('ledger-closed', 'Cannot wait for an answer: the record was closed');
}

function readAnswer(body: Uint8Array, id: string): HomeAnswer | undefined {
  const decoded = decodeEvent(body);
  if (!decoded.known) return undefined;
  const event: SkeinEvent = decoded.event;
  if (event.type === 'request.accepted' && event.cause === id) {
    return { type: 'accepted', events: event.data.events };
  }
  if (event.type !== 'request.rejected' || event.cause !== id) return undefined;
  const { error, detail } = event.data;
  return { type: 'rejected', error, detail };
}
