/** What every carrier refuses in the same words. */
import { SkeinError } from '#protocol/errors.ts';
import { assertSubject, assertToken } from '#protocol/subjects.ts';
import type { SubscribeOptions } from './bus.ts';
import { MAX_WAITING } from './delivery-queue.ts';
import type { WireMessage } from './wire-message.ts';

/** The longest that a request may wait, in milliseconds. */
export const MAX_REQUEST_MS = 3_600_000;

/** Throws `usage` unless `value` is a whole number from 1 to `most`. */
export function assertCount(value: number, what: string, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw new SkeinError('usage', `Cannot use ${value} as ${what}: it must be 1 to ${most}`);
}

/** Throws `subject-invalid` or `usage` for what nobody may subscribe with. */
export function assertSubscription(subject: string, { group, maxWaiting }: SubscribeOptions): void {
  assertSubject(subject);
  if (group !== undefined) assertToken(group, 'group');
  if (maxWaiting !== undefined) assertCount(maxWaiting, 'maxWaiting', MAX_WAITING);
}

/** The connection was closed, by us or for good. */
export const closed = (attempt: string): SkeinError =>
  new SkeinError('bus-closed', `Cannot ${attempt}: the connection to the bus is closed`);

/** No answer in time. */
export const tooLate = ({ envelope }: WireMessage, timeoutMs: number): SkeinError =>
  new SkeinError(
    'request-timeout',
    `Cannot wait for ${envelope.subject}: no answer within ${timeoutMs} ms`,
    { fix: 'Whether it was done is not known: ask again only for what may be done twice.' },
  );

/** Who could answer has no room. */
export const allFull = ({ envelope }: WireMessage): SkeinError =>
  new SkeinError('inbox-full', `Cannot ask ${envelope.subject}: too much waits there already`);
