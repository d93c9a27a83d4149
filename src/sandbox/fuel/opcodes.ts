/**
 * Which immediates follow each opcode: core specification 5.4 (release 3.0) and its appendix "Index of
 * Instructions". Garbage collected types (0xFB) are left out, as no binary in use has them; what is not
 * in these tables is refused. A test compares them with the engine, opcode by opcode.
 */
import { readByte, readUnsigned, refuse, skipBytes, skipNumber } from './wasm-cursor.ts';
import type { Cursor } from './wasm-cursor.ts';

/**
 * `memory`: alignment and offset, and with bit 6 a memory. `block`, `heap`: a type as a 33 bit number.
 * `typed-select`: types. `catches`: a block type and the clauses of try_table.
 */
type Immediates =
  | 'none'
  | 'block'
  | 'index'
  | 'two-indices'
  | 'table'
  | 'catches'
  | 'typed-select'
  | 'memory'
  | 'i32'
  | 'i64'
  | 'heap'
  | 'lane'
  | 'bytes-4'
  | 'bytes-8'
  | 'bytes-16'
  | 'memory-and-lane';

type Table = readonly (Immediates | undefined)[];

/** Builds a table from ranges of opcodes, both ends included. */
function tableOf(
  rows: readonly (readonly [Immediates, ...(readonly [number, number])[]])[],
): Table {
  const table: (Immediates | undefined)[] = Array.from({ length: 0x114 });
  for (const [immediates, ...ranges] of rows) {
    for (const [first, last] of ranges) table.fill(immediates, first, last + 1);
  }
  return table;
}

/** One byte opcodes. The prefixes 0xFC, 0xFD and 0xFE have tables of their own. */
const PLAIN = tableOf([
  // unreachable, nop; else; throw_ref, end; return; catch_all; drop, select; numeric; is_null; eq, as_non_null
  ['none', [0x00, 0x01], [0x05, 0x05], [0x0a, 0x0b], [0x0f, 0x0f], [0x19, 0x1b], [0x45, 0xc4]],
  ['none', [0xd1, 0xd1], [0xd3, 0xd4]],
  // block, loop, if, try
  ['block', [0x02, 0x04], [0x06, 0x06]],
  // catch, throw, rethrow; br, br_if; call; return_call; call_ref, return_call_ref; delegate
  ['index', [0x07, 0x09], [0x0c, 0x0d], [0x10, 0x10], [0x12, 0x12], [0x14, 0x15], [0x18, 0x18]],
  // local, global, table; memory.size, memory.grow; ref.func; br_on_null, br_on_non_null
  ['index', [0x20, 0x26], [0x3f, 0x40], [0xd2, 0xd2], [0xd5, 0xd6]],
  // call_indirect, return_call_indirect
  ['two-indices', [0x11, 0x11], [0x13, 0x13]],
  ['table', [0x0e, 0x0e]],
  ['catches', [0x1f, 0x1f]],
  ['typed-select', [0x1c, 0x1c]],
  ['memory', [0x28, 0x3e]],
  ['i32', [0x41, 0x41]],
  ['i64', [0x42, 0x42]],
  ['bytes-4', [0x43, 0x43]],
  ['bytes-8', [0x44, 0x44]],
  ['heap', [0xd0, 0xd0]],
]);

/** 0xFC: saturating conversions, bulk memory and tables. */
const BULK = tableOf([
  ['none', [0, 7]],
  // memory.init; memory.copy; table.init; table.copy
  ['two-indices', [8, 8], [10, 10], [12, 12], [14, 14]],
  // data.drop; memory.fill; elem.drop; table.grow, table.size, table.fill
  ['index', [9, 9], [11, 11], [13, 13], [15, 17]],
]);

/** 0xFD: vectors, with the relaxed ones (0x100 to 0x113). The gaps are not assigned. */
const VECTOR = tableOf([
  ['memory', [0x00, 0x0b], [0x5c, 0x5d]],
  ['bytes-16', [0x0c, 0x0d]],
  ['lane', [0x15, 0x22]],
  ['memory-and-lane', [0x54, 0x5b]],
  ['none', [0x0e, 0x14], [0x23, 0x53], [0x5e, 0x99], [0x9b, 0xa1], [0xa3, 0xa4], [0xa7, 0xae]],
  ['none', [0xb1, 0xb1], [0xb5, 0xba], [0xbc, 0xc1], [0xc3, 0xc4], [0xc7, 0xce], [0xd1, 0xd1]],
  ['none', [0xd5, 0xe1], [0xe3, 0xed], [0xef, 0xff], [0x100, 0x113]],
]);

/** 0xFE: threads. atomic.fence has a reserved byte. */
const ATOMIC = tableOf([
  ['memory', [0x00, 0x02], [0x10, 0x4e]],
  ['lane', [0x03, 0x03]],
]);

const PREFIXES: Readonly<Record<number, Table>> = { 0xfc: BULK, 0xfd: VECTOR, 0xfe: ATOMIC };

/** Passes over one instruction; answers its first byte. Refuses what it does not know. */
export function skipInstruction(cursor: Cursor): number {
  const start = cursor.at;
  const opcode = readByte(cursor);
  const prefixed = opcode >= 0xfc ? PREFIXES[opcode] : undefined;
  const second = prefixed === undefined ? undefined : readUnsigned(cursor);
  const immediates = second === undefined ? PLAIN[opcode] : prefixed?.[second];
  if (immediates === undefined) {
    const name = [opcode, second].map((part) => part?.toString(16).padStart(2, '0')).join(' ');
    throw refuse({ ...cursor, at: start }, `the opcode ${name.trim()} is not known`);
  }
  if (immediates !== 'none') skipImmediates(cursor, immediates);
  return opcode;
}

const FIXED: Readonly<Partial<Record<Immediates, number>>> = {
  lane: 1,
  'bytes-4': 4,
  'bytes-8': 8,
  'bytes-16': 16,
};

function skipImmediates(cursor: Cursor, immediates: Immediates): void {
  switch (immediates) {
    case 'index':
    case 'block':
    case 'heap':
    case 'i32':
      return skipNumber(cursor, 5);
    case 'i64':
      return skipNumber(cursor, 10);
    case 'two-indices':
      skipNumber(cursor, 5);
      return skipNumber(cursor, 5);
    case 'memory':
      return skipMemory(cursor);
    case 'memory-and-lane':
      skipMemory(cursor);
      return skipBytes(cursor, 1);
    case 'table':
      for (let left = readUnsigned(cursor) + 1; left > 0; left -= 1) skipNumber(cursor, 5);
      return undefined;
    case 'typed-select':
      for (let left = readUnsigned(cursor); left > 0; left -= 1) skipValueType(cursor);
      return undefined;
    case 'catches':
      return skipCatches(cursor);
    default:
      return skipBytes(cursor, FIXED[immediates] ?? 0);
  }
}

/** Memory argument (5.4.6): bit 6 of the alignment says that the index of a memory follows. */
function skipMemory(cursor: Cursor): void {
  if ((readUnsigned(cursor) & 0x40) !== 0) skipNumber(cursor, 5);
  skipNumber(cursor, 10);
}

/** Block type and clauses of try_table (5.4.1): catch and catch_ref have a tag, all have a label. */
function skipCatches(cursor: Cursor): void {
  skipNumber(cursor, 5);
  for (let left = readUnsigned(cursor); left > 0; left -= 1) {
    const kind = readByte(cursor);
    if (kind > 3) throw refuse(cursor, `the catch clause ${kind} is not known`);
    if (kind < 2) skipNumber(cursor, 5);
    skipNumber(cursor, 5);
  }
}

/** A value type (5.3.1 to 5.3.5): one byte, or 0x63 or 0x64 and a heap type. */
export function skipValueType(cursor: Cursor): void {
  const type = readByte(cursor);
  if (type === 0x63 || type === 0x64) skipNumber(cursor, 5);
}
