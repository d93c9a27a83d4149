/**
 * Rewrites a WebAssembly binary so that it counts its instructions and stops when a budget is used up.
 * The same program and input use exactly the same fuel: charges depend on the path taken alone.
 */
import { SkeinError } from '#protocol/errors.ts';
import { meterOf, writeMetered } from './meter-function.ts';
import { readName, readUnsigned, refuse, skipBytes } from './wasm-cursor.ts';
import {
  contentOf,
  countImportedGlobals,
  exportNames,
  parameterCounts,
  PREAMBLE,
  rankOf,
  readSections,
  withEntry,
  withMaximum,
} from './wasm-sections.ts';
import type { Section } from './wasm-sections.ts';
import { openWriter, signed, unsigned, writeBytes, written } from './wasm-writer.ts';
import type { Writer } from './wasm-writer.ts';

/**
 * The counter's export: a mutable i64 global, what is left of the fuel. It begins at `FUEL_AT_START`;
 * set it before a run, read the difference after it. Below zero, all further calls trap.
 */
export const FUEL_EXPORT = 'skein:fuel';

/** What the counter holds before anybody sets it: the largest i64. */
export const FUEL_AT_START = 0x7fff_ffff_ffff_ffffn;

/** How a binary is rewritten. */
export interface FuelOptions {
  /** The most that each of its own memories may grow to, in pages of 64 KiB; as it is when left out. */
  readonly maxMemoryPages?: number;
}

const CUSTOM = 0;
const TYPES = 1;
const IMPORTS = 2;
const FUNCTIONS = 3;
const MEMORIES = 5;
const GLOBALS = 6;
const EXPORTS = 7;
const CODE = 10;

/**
 * The binary with a counter. An instruction costs 1, one that makes no code (nop, drop, block, loop,
 * else, end, try, catch) nothing; so does `memory.fill` of any length. A stretch of code without
 * branches is paid for as it is entered; at a function's entry and a loop's head a counter below zero
 * traps, so a run may do at most one function's length more than it had fuel for. Throws
 * `sandbox-failed` for what it does not know for certain: never a binary that counts wrongly.
 */
export function injectFuel(wasm: Uint8Array, options: FuelOptions = {}): Uint8Array {
  const sections = readSections(wasm).filter((section) => !holdsOffsets(section));
  const find = (id: number): Section | undefined => sections.find((section) => section.id === id);
  const index = countGlobals(find(IMPORTS), find(GLOBALS));
  const added = new Map<number, Uint8Array>([
    [GLOBALS, withEntry(find(GLOBALS), counterGlobal())],
    [EXPORTS, withEntry(find(EXPORTS), counterExport(find(EXPORTS), index))],
  ]);
  if (options.maxMemoryPages !== undefined) {
    added.set(MEMORIES, limitedMemories(find(MEMORIES), options.maxMemoryPages));
  }
  const code = find(CODE);
  if (code !== undefined) {
    const parameters = parameterCounts(find(TYPES), find(FUNCTIONS));
    added.set(CODE, meteredCode(code, parameters, index));
  }
  return assemble(sections, added);
}

/** The binary with a maximum for each of its own memories, in pages of 64 KiB; nothing else is changed. */
export function limitMemory(wasm: Uint8Array, maxMemoryPages: number): Uint8Array {
  const sections = readSections(wasm);
  const memories = sections.find((section) => section.id === MEMORIES);
  return assemble(sections, new Map([[MEMORIES, limitedMemories(memories, maxMemoryPages)]]));
}

/** Custom sections that name places in the code, which are others now; engines read only the first kind. */
function holdsOffsets(section: Section): boolean {
  if (section.id !== CUSTOM) return false;
  const name = readName(contentOf(section));
  return /^(metadata\.code\.|\.debug_|reloc\.|linking$|sourceMappingURL$)/.test(name);
}

function countGlobals(imports: Section | undefined, globals: Section | undefined): number {
  const imported = imports === undefined ? 0 : countImportedGlobals(imports);
  return imported + (globals === undefined ? 0 : readUnsigned(contentOf(globals)));
}

/** A global (5.5.9): i64, mutable, `i64.const`, end. At the end of its space, so that no index shifts. */
const counterGlobal = (): readonly number[] => [0x7e, 0x01, 0x42, ...signed(FUEL_AT_START), 0x0b];

/** An export (5.5.10): name, kind global, index. */
function counterExport(section: Section | undefined, index: number): readonly number[] {
  if (section !== undefined && exportNames(section).has(FUEL_EXPORT)) {
    throw refuse(section.content, `it exports ${FUEL_EXPORT} already`);
  }
  const name = new TextEncoder().encode(FUEL_EXPORT);
  return [...unsigned(name.length), ...name, 0x03, ...unsigned(index)];
}

function limitedMemories(section: Section | undefined, mostPages: number): Uint8Array {
  if (section !== undefined) return withMaximum(section, mostPages);
  throw new SkeinError(
    'sandbox-failed',
    'Cannot limit the memory: the module has none of its own',
    {
      fix: 'Give the module that imports its memory a WebAssembly.Memory with that maximum.',
    },
  );
}

/** The code section (5.5.13): each body with its size before it. */
function meteredCode(section: Section, parameters: readonly number[], index: number): Uint8Array {
  const cursor = contentOf(section);
  const meter = meterOf(index);
  const out = openWriter((cursor.end - cursor.at) * 3);
  const one = openWriter(64 * 1024);
  const count = readUnsigned(cursor);
  writeBytes(out, unsigned(count));
  if (count !== parameters.length) throw refuse(cursor, 'functions and their code are not as many');
  for (const own of parameters) {
    const size = readUnsigned(cursor);
    const body = { bytes: cursor.bytes, at: cursor.at, end: cursor.at + size };
    skipBytes(cursor, size);
    one.length = 0;
    writeMetered(one, { body, parameters: own }, meter);
    writeBytes(out, unsigned(one.length));
    writeBytes(out, written(one));
  }
  if (cursor.at !== cursor.end)
    throw refuse(cursor, 'the code section goes on after its functions');
  return written(out);
}

/** All sections in their order; those of `added` instead of the ones that were, or where they belong. */
function assemble(sections: readonly Section[], added: Map<number, Uint8Array>): Uint8Array {
  const out = openWriter(
    sections.reduce((size, { content }) => size + content.end - content.at, 0) * 2,
  );
  const waiting = [...added.keys()].sort((a, b) => rankOf(a) - rankOf(b));
  const writeBefore = (rank: number): void => {
    const due = waiting.filter((id) => rankOf(id) < rank);
    for (const id of waiting.splice(0, due.length)) writeSection(out, id, added.get(id));
  };
  writeBytes(out, PREAMBLE);
  for (const { id, content } of sections) {
    writeBefore(rankOf(id));
    if (id === waiting[0]) waiting.shift();
    writeSection(out, id, added.get(id) ?? content.bytes.subarray(content.at, content.end));
  }
  writeBefore(Number.POSITIVE_INFINITY);
  return written(out).slice();
}

function writeSection(out: Writer, id: number, content: Uint8Array = new Uint8Array()): void {
  writeBytes(out, [id, ...unsigned(content.length)]);
  writeBytes(out, content);
}
