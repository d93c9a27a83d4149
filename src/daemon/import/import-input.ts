/**
 * How messages of an old bus are said to Skein: as inputs of the command `message.import`, in batches
 * that a request can hold. What is too large for one becomes several, which answer the first.
 */
import { derivedId } from './derived-id.ts';
import type { ImportedMessage, OldPriority } from './old-bus.ts';

/** The input for one message; the id of the command is that of the message. */
export interface ImportInput {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly sentAt?: string;
  readonly priority: OldPriority;
  readonly replyTo?: string;
  /** It was read there: it is on the record, and waits for nobody. */
  readonly handled: boolean;
  /** JSON: `sourceId` on the old bus, `columns` that were not mapped, `parts` when there are several. */
  readonly extra?: string;
}

/** A request may have 1 MB; what is said beside the messages is little. */
const MAX_BATCH_BYTES = 900_000;
const MAX_BATCH = 500;

/** The longest that goes in one piece, as bytes of JSON; and the longest piece of a longer one. */
const MAX_TEXT_JSON = 800_000;
const MAX_EXTRA_BYTES = 32 * 1024;
/** As JSON each may take six bytes. */
const PIECE_CHARACTERS = 100_000;

const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** Batches of at most 500 messages and 900 kB. */
export function* importBatches(
  messages: Iterable<ImportedMessage>,
): Generator<readonly ImportInput[]> {
  let batch: ImportInput[] = [];
  let bytes = 0;
  for (const message of messages) {
    for (const input of toImportInputs(message)) {
      const size = jsonBytes(input) + 1;
      if (batch.length === MAX_BATCH || (batch.length > 0 && bytes + size > MAX_BATCH_BYTES)) {
        yield batch;
        [batch, bytes] = [[], 0];
      }
      batch.push(input);
      bytes += size;
    }
  }
  if (batch.length > 0) yield batch;
}

/**
 * The inputs for one message: mostly one. The pieces of a long text follow it and wait where it waits;
 * those of a long `extra` follow it too, and wait for nobody.
 */
export function toImportInputs(message: ImportedMessage): readonly ImportInput[] {
  const { id, from, to, sentAt, priority, replyTo, status, sourceId, extra } = message;
  const base = {
    from,
    to: `${to.type}:${to.name}`,
    ...(sentAt === null ? {} : { sentAt }),
    priority,
    handled: status === 'read',
  };
  const texts = piecesOf(message.text, jsonBytes(message.text) <= MAX_TEXT_JSON);
  // In a level of its own: a column may be called as anything.
  const all = { ...(sourceId === null ? {} : { sourceId }), columns: extra };
  const isShort = Buffer.byteLength(JSON.stringify(all)) <= MAX_EXTRA_BYTES;
  const extras = isShort ? [] : piecesOf(JSON.stringify(all), false);
  const kept = { ...(isShort ? all : {}), ...partsOf(texts.length, extras.length) };
  const [first = '', ...more] = texts;
  const answer = replyTo === undefined ? {} : { replyTo };
  const main = { id, ...base, text: first, ...answer, extra: JSON.stringify(kept) };
  const piece = (text: string, part: string, handled: boolean): ImportInput => ({
    id: pieceId(message, part),
    ...base,
    text,
    replyTo: id,
    handled,
    extra: JSON.stringify({ part, of: id }),
  });
  return [
    main,
    ...more.map((text, index) => piece(text, `text ${index + 2}`, base.handled)),
    ...extras.map((text, index) => piece(text, `extra ${index + 1}`, true)),
  ];
}

/** How many messages it takes, when it takes several. */
const partsOf = (texts: number, extras: number): object =>
  texts > 1 || extras > 0 ? { parts: { texts, extras } } : {};

function piecesOf(text: string, isWhole: boolean): readonly string[] {
  if (isWhole) return [text];
  const pieces: string[] = [];
  for (let at = 0; at < text.length;) {
    let end = Math.min(at + PIECE_CHARACTERS, text.length);
    // A character of two halves stays in one piece.
    if (end < text.length && /[\uD800-\uDBFF]/.test(text.charAt(end - 1))) end -= 1;
    pieces.push(text.slice(at, end));
    at = end;
  }
  return pieces;
}

/** Derived from the message's own id, so that a piece is the same at every import as well. */
function pieceId({ id, from, to }: ImportedMessage, part: string): string {
  const ms = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
  const key = { source: id, sourceId: part, from, to: `${to.type}:${to.name}` };
  return derivedId({ ...key, text: '', time: '', occurrence: 0 }, ms);
}
