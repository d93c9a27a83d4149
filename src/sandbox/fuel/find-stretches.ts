/**
 * Where a function's code has to be charged. A *stretch* is code that runs from its first instruction to
 * its last once it is entered, unless a call in it throws or traps: it is paid for as it is entered.
 */
import { skipInstruction } from './opcodes.ts';
import { readUnsigned, refuse } from './wasm-cursor.ts';
import type { Cursor } from './wasm-cursor.ts';

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

/** Exceptions: try, catch, throw, rethrow, throw_ref, delegate, catch_all, try_table. */
const HANDLING = new Set([0x06, 0x07, 0x08, 0x09, 0x0a, 0x18, 0x19, 0x1f]);

/** return, and the tail calls. */
const RETURNING = new Set([0x0f, 0x12, 0x13, 0x15]);

/** br, br_if, br_on_null, br_on_non_null: one label. */
const BRANCHING = new Set([0x0c, 0x0d, 0xd5, 0xd6]);

const LOOP = 0x03;
const END = 0x0b;
const BRANCH_TABLE = 0x0e;
const DELEGATE = 0x18;

/** Where it begins, and what it costs. A `gate` looks at the counter: a loop's head, the entry of a function that calls. */
export interface Stretch {
  readonly at: number;
  gate: boolean;
  cost: number;
}

/** A function's stretches in their order, and the instructions by which it may be left, likewise. */
export interface Stretches {
  readonly stretches: readonly Stretch[];
  /** Their first bytes; the last is the function's `end`. */
  readonly exits: readonly number[];
  readonly hasHandlers: boolean;
}

/**
 * Reads an expression to its end. Every loop and every recursion passes a gate, and only a finite piece
 * of code lies between two: so the other stretches need not look at the counter, which may fall below
 * zero by the size of a function.
 */
export function findStretches(body: Cursor): Stretches {
  const stretches: Stretch[] = [];
  const exits: number[] = [];
  const frames: number[] = [];
  let hasHandlers = false;
  const begin = (gate: boolean): Stretch => {
    const stretch = { at: body.at, gate, cost: 0 };
    stretches.push(stretch);
    return stretch;
  };
  const entry = begin(false);
  let current: Stretch | undefined = entry;
  while (body.at < body.end) {
    const start = body.at;
    const opcode = skipInstruction(body);
    if (current !== undefined && !FREE.has(opcode)) current.cost += 1;
    if (CALLING.has(opcode)) entry.gate = true;
    if (HANDLING.has(opcode)) hasHandlers = true;
    if (mayExit(opcode, { ...body, at: start + 1 }, frames.length)) exits.push(start);
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
  return { stretches, exits, hasHandlers };
}

/** A branch to the outermost label is a return (core specification 3.3.10). */
function mayExit(opcode: number, immediates: Cursor, depth: number): boolean {
  if (opcode === END) return depth === 0;
  if (RETURNING.has(opcode)) return true;
  if (BRANCHING.has(opcode)) return readUnsigned(immediates) === depth;
  if (opcode !== BRANCH_TABLE) return false;
  let isOuter = false;
  for (let left = readUnsigned(immediates) + 1; left > 0; left -= 1) {
    if (readUnsigned(immediates) === depth) isOuter = true;
  }
  return isOuter;
}
