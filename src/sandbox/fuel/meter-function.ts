/**
 * Puts charges into the body of one function. One with few stretches takes each from the counter. Others
 * add up in a local of their own, which engines keep in a register, and take the sum from the counter at
 * the next loop's head or when they are left: the same sum, sooner.
 */
import { findStretches } from './find-stretches.ts';
import type { Stretch, Stretches } from './find-stretches.ts';
import { skipValueType } from './opcodes.ts';
import { readUnsigned } from './wasm-cursor.ts';
import type { Cursor } from './wasm-cursor.ts';
import { signed, unsigned, writeBytes, writeSlice } from './wasm-writer.ts';
import type { Writer } from './wasm-writer.ts';

/** With fewer stretches that are no gates, handing over the sum costs as much as it saves. */
const LEAST_TO_ADD_UP = 3;

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

/** One function: its `locals* expr` are all of `body`, and it has so many parameters. */
export interface MeteredFunction {
  readonly body: Cursor;
  readonly parameters: number;
}

/** Writes one function's body (5.5.13) with its charges. */
export function writeMetered(
  out: Writer,
  { body, parameters }: MeteredFunction,
  meter: Meter,
): void {
  const groups = readUnsigned(body);
  const start = body.at;
  let locals = parameters;
  for (let left = groups; left > 0; left -= 1) {
    locals += readUnsigned(body);
    skipValueType(body);
  }
  const code = { ...body };
  const found = findStretches(body);
  const isAdding = !found.hasHandlers && countPlain(found) >= LEAST_TO_ADD_UP;
  writeBytes(out, unsigned(isAdding ? groups + 1 : groups));
  writeSlice(out, code.bytes, start, code.at);
  if (isAdding) writeBytes(out, [0x01, I64]);
  const charges = isAdding ? addedUp(found, meter, unsigned(locals)) : direct(found, meter);
  let copied = code.at;
  for (const { at, bytes } of charges) {
    writeSlice(out, code.bytes, copied, at);
    writeBytes(out, bytes);
    copied = at;
  }
  writeSlice(out, code.bytes, copied, code.end);
}

const I64 = 0x7e;

const countPlain = ({ stretches }: Stretches): number =>
  stretches.filter(({ cost, gate }) => cost > 0 && !gate).length;

/** Code to be put before the instruction at a place. */
interface Charge {
  readonly at: number;
  readonly bytes: readonly number[];
}

/** Each from the counter: `global.get; i64.const cost; i64.sub; global.set`. */
function direct({ stretches }: Stretches, meter: Meter): readonly Charge[] {
  return stretches
    .filter(({ cost, gate }) => cost > 0 || gate)
    .map((stretch) => ({ at: stretch.at, bytes: fromCounter(stretch, meter) }));
}

function fromCounter({ cost, gate }: Stretch, meter: Meter): readonly number[] {
  const { global } = meter;
  const look = gate ? [...meter.gate] : [];
  if (cost === 0) return look;
  return [0x23, ...global, 0x42, ...signed(BigInt(cost)), 0x7d, 0x24, ...global, ...look];
}

/**
 * Added up in the local `sum`. An exception that passes through a frame takes with it what that frame has
 * not handed over: less than it paid for at its entry and its loops, and the same every time.
 */
function addedUp(found: Stretches, meter: Meter, sum: readonly number[]): readonly Charge[] {
  const { global } = meter;
  const clear = [0x42, 0x00, 0x21, ...sum];
  const handOver = [0x23, ...global, 0x20, ...sum, 0x7d, 0x24, ...global, ...clear];
  const charge = (stretch: Stretch, index: number): readonly number[] => {
    // At a function's entry the sum is zero, as all locals are (4.6.8).
    if (stretch.gate) return [...(index === 0 ? [] : handOver), ...fromCounter(stretch, meter)];
    const cost = signed(BigInt(stretch.cost));
    return [0x20, ...sum, 0x42, ...cost, 0x7c, 0x21, ...sum];
  };
  const charges = found.stretches
    .map((stretch, index) => ({ ...stretch, bytes: charge(stretch, index) }))
    .filter(({ cost, gate }) => cost > 0 || gate);
  const exits = found.exits.map((at) => ({ at, bytes: handOver }));
  // A stretch that begins with an exit is paid for first: the sort keeps their order.
  return [...charges, ...exits].sort((one, other) => one.at - other.at);
}
