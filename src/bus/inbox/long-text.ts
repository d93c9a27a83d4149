/** Texts that are too long for an event travel as a blob; the event says how they begin. */
import type { BlobReference, Blobs } from '#ledger/ledger.ts';
import { MAX_TEXT_BYTES } from './decisions/send-decider.ts';

/** How much of a long text stands in the event, in UTF-16 units. */
const BEGINNING = 2_000;

/** `text` and `body` as `message.send` wants them; stores the blob when there has to be one. */
export async function fitText(
  blobs: Pick<Blobs, 'putText'>,
  text: string,
): Promise<{ readonly text: string; readonly body?: BlobReference }> {
  // A half character is none: what is stored is what can be read again.
  const whole = text.toWellFormed();
  if (Buffer.byteLength(whole) <= MAX_TEXT_BYTES) return { text: whole };
  const body = await blobs.putText(whole);
  // The blob went through the redactor, the beginning does when it is sent.
  return { text: beginningOf(whole), body };
}

/** Never ends within a character. */
function beginningOf(text: string): string {
  const cut = text.slice(0, BEGINNING);
  return cut.isWellFormed() ? cut : cut.slice(0, -1);
}
