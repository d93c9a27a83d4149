/** What a `record.pruned` names: in the event when it is short, in a blob of its own when it is long. */
import type { EventData } from '#protocol/event-types.ts';
import { assertKnownFormat } from '#protocol/known-format.ts';
import type { EventRange } from './event-ranges.ts';

/** The data of a `record.pruned`. */
export type PrunedData = EventData<'record.pruned'>;

/** Finds a blob whose content is what its hash says; undefined when it is not there or has changed. */
export type ReadBlob = (hash: string) => Buffer | undefined;

/** Exactly what goes: events by their place, blobs by their hash. */
export interface PrunedList {
  readonly ranges: readonly EventRange[];
  readonly blobs: readonly string[];
}

const LIST_FORMAT = 1;

/** A list whose JSON is longer than this lies in a blob. */
const INLINE_BYTES = 8_192;

/** The list as part of the event, or the content of the blob that is to be named instead. */
export function packList({ ranges, blobs }: PrunedList): PrunedList | Buffer {
  const bytes = Buffer.from(JSON.stringify({ format: LIST_FORMAT, ranges, blobs }));
  return bytes.length <= INLINE_BYTES ? { ranges, blobs } : bytes;
}

/** The list; undefined when its blob is not there. Throws `record-too-new` for a later form. */
export function readList(data: PrunedData, readBlob: ReadBlob): PrunedList | undefined {
  const { ranges = [], blobs = [], list } = data;
  if (list === undefined) return { ranges, blobs };
  const bytes = readBlob(list.hash);
  if (bytes === undefined) return undefined;
  // It is what a signed event names by its hash: nobody else can have written it.
  const value = JSON.parse(bytes.toString('utf8')) as PrunedList & { readonly format: number };
  assertKnownFormat(value.format, LIST_FORMAT, 'the list of what was pruned');
  return value;
}
