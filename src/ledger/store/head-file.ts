/**
 * The anchor of a space: the file `head` holds the last commit outside the database, so that a
 * cut tail shows. Two slots are written in turn, each with a check sum: a torn write leaves the
 * other one valid. It is written after the commit, so it is never ahead of the ledger.
 */
import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { sha256 } from '#lib/sha256.ts';
import type { ChainHead } from '#ledger/ledger.ts';
import { assertKnownFormat } from '#protocol/known-format.ts';
import { syncFolder } from './durable-file.ts';

const SLOT_BYTES = 256;
const HEAD_FORMAT = 1;

/**
 * An open anchor. `write` is cheap (page cache), `sync` makes it durable. `close` leaves the same in
 * both slots, so that no damage to one of them takes the last commit out of sight.
 */
export interface HeadFile {
  readonly write: (head: ChainHead) => void;
  readonly sync: () => void;
  readonly close: () => void;
}

/** Opens the anchor at `path` for writing; it is made when there is none. */
export function openHeadFile(path: string): HeadFile {
  closeSync(openSync(path, 'a+'));
  const writing = openSync(path, 'r+');
  // A new file is only durable once its folder is: later its absence must mean a removal.
  syncFolder(dirname(path));
  let slot = 0;
  let dirty = false;
  let last: Buffer | undefined;
  let whole = fstatSync(writing).size >= 2 * SLOT_BYTES;
  return {
    write: (head) => {
      const bytes = encodeSlot(head);
      last = bytes;
      slot = 1 - slot;
      // Both slots at first: from then on a full disk has no say, the bytes are only replaced.
      if (whole) writeSync(writing, bytes, 0, SLOT_BYTES, slot * SLOT_BYTES);
      else writeSync(writing, Buffer.concat([bytes, bytes]), 0, 2 * SLOT_BYTES, 0);
      whole = true;
      dirty = true;
    },
    sync: () => {
      if (dirty) fdatasyncSync(writing);
      dirty = false;
    },
    close: () => {
      // Only over a slot that is older: what `sync` has made durable stays as it is.
      if (!dirty && last !== undefined) {
        writeSync(writing, last, 0, SLOT_BYTES, (1 - slot) * SLOT_BYTES);
        fdatasyncSync(writing);
      }
      closeSync(writing);
    },
  };
}

/** Forgets what the anchor said (after `skein repair` started a new chain). */
export function clearHeadFile(path: string): void {
  const descriptor = openSync(path, 'a+');
  ftruncateSync(descriptor, 0);
  fsyncSync(descriptor);
  closeSync(descriptor);
}

/** The latest valid slot; undefined without a file; null when no slot can be read. */
export function readHeadFile(path: string): ChainHead | null | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : null;
  }
  const slots = [decodeSlot(bytes.subarray(0, SLOT_BYTES)), decodeSlot(bytes.subarray(SLOT_BYTES))];
  const valid = slots.filter((slot) => slot !== undefined).sort((a, b) => b.seq - a.seq);
  return valid[0] ?? (bytes.length === 0 ? undefined : null);
}

function encodeSlot(head: ChainHead): Buffer {
  const line = JSON.stringify({ format: HEAD_FORMAT, ...head });
  return Buffer.from(`${line} ${sha256(line).slice(0, 16)}`.padEnd(SLOT_BYTES - 1) + '\n');
}

function decodeSlot(bytes: Buffer): ChainHead | undefined {
  const text = bytes.toString('utf8').trimEnd();
  const cut = text.lastIndexOf(' ');
  const line = text.slice(0, Math.max(cut, 0));
  if (line === '' || sha256(line).slice(0, 16) !== text.slice(cut + 1)) return undefined;
  const { format, chain, seq, hash } = JSON.parse(line) as ChainHead & { format: number };
  assertKnownFormat(format, HEAD_FORMAT, 'the anchor of the record');
  return { chain, seq, hash };
}
