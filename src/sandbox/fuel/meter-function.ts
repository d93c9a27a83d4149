/**
 * Puts charges into the body of one function. A *stretch* is code that runs from its first instruction
 * to its last once it is entered, unless a call in it throws or traps: it is paid for as it is entered.
 */
import { skipInstruction, skipValueType } from './opcodes.ts';
import { readUnsigned, refuse } from './wasm-cursor.ts';
import type { Cursor } from './wasm-cursor.ts';
import { signed, unsigned, writeBytes, writeSlice } from './wasm-writer.ts';
import type { Writer } from './wasm-writer.ts';

/** Free, because an engine makes no code for them: nop, block, loop, else, try, catch, end, drop ... */
const FREE = new Set([0x01, 0x02, 0x03, 0x05, 0x06, 0x07, 0x0b, 0x18, 0x19, 0x1a, 0x1f]);

/** After these nothing runs until an `else`, `catch` or `end`: unreachable, throws, br, return, tail calls. */
const LEAVING = new Set([0x00, 0x08, 0x09, 0x0a, 0x0c, 0x0e, 0x0f, 0x12, 0x13, 0x15]);

/** What opens a frame that an `end` (or `delegate`) closes: block, loop, if, try, try_table. */
const OPENING = new Set([0x02, 0x03, 0x04, 0x06, 0x1f]);

/** What control may pass or not: if, br_if, br_on_null, br_on_non_null; else and catches come from elsewhere. */
const PARTING = new Set([0x04, 0x05, 0x07, 0x0d, 0x19, 0xd5, 0xd6]);

/** What may enter this function again: call, call_indirect, call_ref and their tail forms. */
const CALLING = new Set([0x10, 0x11, 0x12, 0x13, 0x14, 0x15]);

const LOOP = 0x03;
const END = 0x0b;
const DELEGATE = 0x18;

/** Where it begins, and what it costs. A `gate` looks at the counter: a loop's head, the entry of a function that calls. */
interface Stretch {
  readonly at: number;
  gate: boolean;
  cost: number;
}

/**
 * Every loop and every recursion passes a gate, and only a finite piece of code lies between two, so
 * that the other stretches need not look: the counter may fall below zero by the size of a function.
 */
function findStretches(body: Cursor): readonly Stretch[] {
  const stretches: Stretch[] = [];
  const frames: number[] = [];
  const begin = (gate: boolean): Stretch => {
    const stretch = { at: body.at, gate, cost: 0 };
    stretches.push(stretch);
    return stretch;
  };
  const entry = begin(false);
  let current: Stretch | undefined = entry;
  while (body.at < body.end) {
    const opcode = skipInstruction(body);
    if (current !== undefined && !FREE.has(opcode)) current.cost += 1;
    if (CALLING.has(opcode)) entry.gate = true;
    if (OPENING.has(opcode)) frames.push(opcode);
    if (opcode === LOOP) current = begin(true);
    else if (PARTING.has(opcode)) current = begin(false);
    else if (LEAVING.has(opcode)) current = undefined;
    else if (opcode === END || opcode === DELEGATE) {
      const closed = frames.pop();
      if (closed === undefined) break;
      // A branch to a loop goes to its head: its end is reached from right above only.
      if (closed !== LOOP) current = begin(false);
    }
  }
  if (frames.length > 0 || body.at !== body.end) throw refuse(body, 'a function has no end there');
  return stretches;
}

/** The counter's index as it is written, and the gate's code, which is the same everywhere. */
export interface Meter {
  readonly global: readonly number[];
  readonly gate: Uint8Array;
}

/**
 * The meter for the counter with this index. The gate is `global.get; i64.const 0; i64.lt_s; if;
 * unreachable; end`: a trap, which no handler within WebAssembly catches (core specification 4.4).
 */
export function meterOf(globalIndex: number): Meter {
  const global = unsigned(globalIndex);
  const gate = Uint8Array.of(0x23, ...global, 0x42, 0x00, 0x53, 0x04, 0x40, 0x00, 0x0b);
  return { global, gate };
}

/** `global.get; i64.const cost; i64.sub; global.set`. */
function writeCharge(out: Writer, { global, gate }: Meter, stretch: Stretch): void {
  if (stretch.cost > 0) {
    const cost = signed(BigInt(stretch.cost));
    writeBytes(out, [0x23, ...global, 0x42, ...cost, 0x7d, 0x24, ...global]);
  }
  if (stretch.gate) writeBytes(out, gate);
}

/** Writes one function's body (5.5.13), whose `locals* expr` are all of `body`, with its charges. */
export function writeMetered(out: Writer, body: Cursor, meter: Meter): void {
  const start = body.at;
  for (let left = readUnsigned(body); left > 0; left -= 1) {
    readUnsigned(body);
    skipValueType(body);
  }
  let copied = start;
  for (const stretch of findStretches(body)) {
    if (stretch.cost === 0 && !stretch.gate) continue;
    writeSlice(out, body.bytes, copied, stretch.at);
    writeCharge(out, meter, stretch);
    copied = stretch.at;
  }
  writeSlice(out, body.bytes, copied, body.end);
}
