/**
 * The sections of a WebAssembly binary (core specification 5.5): finding them, counting what is
 * imported, and adding to the ones that get something more.
 */
import { skipValueType } from './opcodes.ts';
import { readByte, readName, readUnsigned, refuse, skipBytes, skipNumber } from './wasm-cursor.ts';
import type { Cursor } from './wasm-cursor.ts';
import { openWriter, unsigned, writeBytes, written } from './wasm-writer.ts';

/** A section: `content` is a cursor over what follows its size. */
export interface Section {
  readonly id: number;
  readonly content: Cursor;
}

/** The ids in the order in which sections have to stand (5.5.16); custom sections (0) stand anywhere. */
const ORDER: readonly number[] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

/** Where a section stands among the others; -1 for a custom one. */
export const rankOf = (id: number): number => ORDER.indexOf(id);

/** Magic and version of a module (5.5.16); a component has another version. */
export const PREAMBLE: readonly number[] = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** All sections in their order; refuses what is no module of version 1, unknown or out of order. */
export function readSections(wasm: Uint8Array): readonly Section[] {
  const cursor: Cursor = { bytes: wasm, at: 0, end: wasm.length };
  if (PREAMBLE.some((byte) => readByte(cursor) !== byte)) {
    throw refuse(cursor, 'this is no WebAssembly module of version 1');
  }
  const sections: Section[] = [];
  let rank = -1;
  while (cursor.at < cursor.end) {
    const id = readByte(cursor);
    if (id !== 0 && rankOf(id) <= rank) {
      throw refuse(cursor, `the section ${id} is not known or out of order`);
    }
    if (id !== 0) rank = rankOf(id);
    const size = readUnsigned(cursor);
    const start = cursor.at;
    skipBytes(cursor, size);
    sections.push({ id, content: { bytes: wasm, at: start, end: cursor.at } });
  }
  return sections;
}

/** A fresh cursor over what a section holds. */
export const contentOf = (section: Section): Cursor => ({ ...section.content });

/** Imported globals; they come first in the index space of globals (2.5.11). */
export function countImportedGlobals(section: Section): number {
  const cursor = contentOf(section);
  let globals = 0;
  for (let left = readUnsigned(cursor); left > 0; left -= 1) {
    readName(cursor);
    readName(cursor);
    if (skipImport(cursor) === 'global') globals += 1;
  }
  return globals;
}

/** What is imported (5.5.5): function, table, memory, global, tag. */
function skipImport(cursor: Cursor): 'global' | 'other' {
  const kind = readByte(cursor);
  if (kind === 0x00) skipNumber(cursor, 5);
  else if (kind === 0x01) {
    skipValueType(cursor);
    readLimits(cursor);
  } else if (kind === 0x02) readLimits(cursor);
  else if (kind === 0x03) {
    skipValueType(cursor);
    skipBytes(cursor, 1);
  } else if (kind === 0x04) {
    skipBytes(cursor, 1);
    skipNumber(cursor, 5);
  } else throw refuse(cursor, `the import kind ${kind} is not known`);
  return kind === 0x03 ? 'global' : 'other';
}

/** Limits (5.3.11). Bit 0 of `flags`: has a maximum; bit 1: shared; bit 2: 64 bit addresses. */
export interface WasmLimits {
  readonly flags: number;
  readonly minimum: number;
  readonly maximum: number | undefined;
}

/** Limits of a memory or table, in pages of 64 KiB or in entries. */
export function readLimits(cursor: Cursor): WasmLimits {
  const flags = readByte(cursor);
  if (flags > 7) throw refuse(cursor, `the limits flag ${flags} is not known`);
  const minimum = readUnsigned(cursor, 10);
  return { flags, minimum, maximum: (flags & 1) === 1 ? readUnsigned(cursor, 10) : undefined };
}

/** How many parameters each function of the module's own has (5.5.4, 5.5.6), in the order of their code. */
export function parameterCounts(
  types: Section | undefined,
  functions: Section | undefined,
): readonly number[] {
  if (types === undefined || functions === undefined) return [];
  const ofTypes = functionTypes(contentOf(types));
  const cursor = contentOf(functions);
  return Array.from({ length: readUnsigned(cursor) }, () => {
    const count = ofTypes[readUnsigned(cursor)];
    if (count === undefined) throw refuse(cursor, 'a function has no type');
    return count;
  });
}

/** Function types (5.3.8), the only ones without garbage collection: 0x60, parameters, results. */
function functionTypes(cursor: Cursor): readonly number[] {
  return Array.from({ length: readUnsigned(cursor) }, () => {
    const form = readByte(cursor);
    if (form !== 0x60) throw refuse(cursor, `the form of type ${form} is not known`);
    const parameters = skipTypes(cursor);
    skipTypes(cursor);
    return parameters;
  });
}

/** Passes over a vector of value types; answers how many. */
function skipTypes(cursor: Cursor): number {
  const count = readUnsigned(cursor);
  for (let left = count; left > 0; left -= 1) skipValueType(cursor);
  return count;
}

/** Names that are exported already. */
export function exportNames(section: Section): ReadonlySet<string> {
  const cursor = contentOf(section);
  const names = new Set<string>();
  for (let left = readUnsigned(cursor); left > 0; left -= 1) {
    names.add(readName(cursor));
    skipBytes(cursor, 1);
    skipNumber(cursor, 5);
  }
  return names;
}

/** A vector (5.1.3) with one more entry at its end; without a section, a vector of that entry alone. */
export function withEntry(section: Section | undefined, entry: readonly number[]): Uint8Array {
  if (section === undefined) return Uint8Array.of(1, ...entry);
  const cursor = contentOf(section);
  const count = readUnsigned(cursor);
  const out = openWriter(cursor.end - cursor.at + entry.length + 8);
  writeBytes(out, unsigned(count + 1));
  writeBytes(out, cursor.bytes.subarray(cursor.at, cursor.end));
  writeBytes(out, entry);
  return written(out);
}

/** The memories (5.5.8) with a maximum of at most `mostPages`; refuses one that begins with more. */
export function withMaximum(section: Section, mostPages: number): Uint8Array {
  const cursor = contentOf(section);
  const out = openWriter(32);
  const count = readUnsigned(cursor);
  writeBytes(out, unsigned(count));
  for (let left = count; left > 0; left -= 1) {
    const { flags, minimum, maximum } = readLimits(cursor);
    if (minimum > mostPages) {
      throw refuse(cursor, `a memory begins with ${minimum} pages, more than ${mostPages}`);
    }
    const most = Math.min(maximum ?? mostPages, mostPages);
    writeBytes(out, [flags | 1, ...unsigned(minimum), ...unsigned(most)]);
  }
  return written(out);
}
