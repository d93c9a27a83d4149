/**
 * The C library by `node:ffi`, which is experimental in Node 26: nothing else of Skein touches it. Only
 * the keeper of a jail, a process that is thrown away, loads it. Calls give -1 and an error number.
 */
import type Foreign from 'node:ffi';
import { closeSync, openSync, readSync } from 'node:fs';

/** A number, or bytes or text of which the address is handed over; null for no address. */
export type Argument = number | bigint | Uint8Array | BigUint64Array | string | null;

/** What a call gave; `error` is 0 when it went well. */
export interface Outcome {
  readonly value: number;
  readonly error: number;
}

/** The C library of this process. */
export interface Native {
  /** Calls a function of whole numbers and addresses, at most seven. */
  readonly call: (name: string, ...args: readonly Argument[]) => Outcome;
  /**
   * A copy of this process with this thread only: 0 in the copy. V8 has to run in one thread
   * (`--single-threaded`), and the copy may do no more than call what was called before, and end.
   */
  readonly fork: () => number;
  /** Where bytes lie; they have to be kept as long as the address is used. */
  readonly addressOf: (bytes: Uint8Array) => bigint;
  /** A list of texts as `execve` takes it; to be kept as long as it is used. */
  readonly textList: (texts: readonly string[]) => BigUint64Array;
}

const MADV_DOFORK = 11;
const LIMIT = 7;
const MAPS_BYTES = 256 * 1024;

/** Loads it; null where Node has no such module, or it does not work on this machine. */
export async function openNative(): Promise<Native | null> {
  try {
    return useNative(await import('node:ffi'));
  } catch {
    return null;
  }
}

function useNative(ffi: typeof Foreign): Native {
  const { lib } = ffi.dlopen(null);
  const numbers = Array.from({ length: LIMIT }, () => 'i64' as const);
  const functions = new Map<string, (...args: bigint[]) => bigint>();
  const find = (name: string): ((...args: bigint[]) => bigint) => {
    const known = functions.get(name);
    if (known !== undefined) return known;
    const found = lib.getFunction(name, { arguments: numbers, return: 'i64' });
    functions.set(name, found);
    return found;
  };
  const place = lib.getFunction('__errno_location', { arguments: [], return: 'pointer' })();
  const kept: Uint8Array[] = [];
  const addressOf = (text: string): bigint => {
    const bytes = Buffer.from(`${text}\0`);
    kept.push(bytes);
    return ffi.getRawPointer(bytes);
  };
  const plain = (argument: Argument): bigint => {
    if (argument === null) return 0n;
    if (typeof argument === 'string') return addressOf(argument);
    return typeof argument === 'object' ? ffi.getRawPointer(argument) : BigInt(argument);
  };
  const call = (name: string, ...args: readonly Argument[]): Outcome => {
    const all = [...args, ...Array<Argument>(LIMIT - args.length).fill(0)].map(plain);
    // What is an `int` in C leaves the upper half undefined.
    const value = Number(BigInt.asIntN(32, find(name)(...all)));
    return { value, error: value === -1 ? ffi.getInt32(place) : 0 };
  };
  return {
    call,
    fork: () => {
      keepForCopies(call);
      return call('fork').value;
    },
    addressOf: (bytes) => ffi.getRawPointer(bytes),
    textList: (texts) => new BigUint64Array([...texts.map(addressOf), 0n]),
  };
}

/**
 * V8 keeps its memory from copies of the process (`MADV_DONTFORK`): they would have no code to run. The
 * work takes memory itself, so it is done until nothing is new; the last look takes none.
 */
function keepForCopies(call: Native['call']): void {
  const seen = [Buffer.alloc(MAPS_BYTES), Buffer.alloc(MAPS_BYTES)] as const;
  let length = readMaps(seen[0]);
  for (let turn = 1; ; turn += 1) {
    markAll(call, seen[turn % 2 === 1 ? 0 : 1].toString('latin1', 0, length));
    const [now, before] = turn % 2 === 1 ? [seen[1], seen[0]] : seen;
    length = readMaps(now);
    if (now.compare(before, 0, length, 0, length) === 0) return;
  }
}

function readMaps(into: Buffer): number {
  const file = openSync('/proc/self/maps', 'r');
  let length = 0;
  for (let count = 1; count > 0; length += count) {
    count = readSync(file, into, length, into.length - length, null);
  }
  closeSync(file);
  return length;
}

function markAll(call: Native['call'], maps: string): void {
  for (const line of maps.split('\n')) {
    const [from = '', to = ''] = line.slice(0, line.indexOf(' ')).split('-');
    // The highest pages belong to the kernel.
    if (from === '' || from.length > 15) continue;
    const start = BigInt(`0x${from}`);
    call('madvise', start, BigInt(`0x${to}`) - start, MADV_DOFORK);
  }
}
