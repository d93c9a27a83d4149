/**
 * Makes a run exact: the clock stands still and chance comes from a seed. A convenience for honest
 * programs, no wall: what is replaced here can be found again by a program that looks for it.
 */
import { problem } from './deno-global.ts';

/** Freezes the clock at `timeMs` and seeds all chance of this realm. */
export function fixWorld({
  seed,
  timeMs,
}: {
  readonly seed: number;
  readonly timeMs: number;
}): void {
  const next = generator(seed);
  Math.random = () => next() / 2 ** 32;
  freezeClock(timeMs);
  replace(crypto, 'getRandomValues', (target: ArrayBufferView) => {
    if (!ArrayBuffer.isView(target)) throw problem('getRandomValues needs a view of a buffer');
    const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = next() >>> 24;
    return target;
  });
  replace(crypto, 'randomUUID', () => uuid(next));
}

/**
 * Makes the start of an interpreter exact, too: until the run comes, which brings its own time and seed.
 * What a collector frees, and when, is chance; so it frees nothing that the interpreter knows of.
 */
export function fixStart(): void {
  fixWorld({ seed: 0, timeMs: 0 });
  replace(globalThis, 'FinalizationRegistry', NoRegistry);
}

class NoRegistry {
  register(): void {}
  unregister(): void {}
}

function freezeClock(timeMs: number): void {
  const RealDate = Date;
  const FixedDate = function FixedDate(this: unknown, ...parts: unknown[]): unknown {
    if (new.target === undefined) return new RealDate(timeMs).toString();
    const values = parts.length === 0 ? [timeMs] : parts;
    return Reflect.construct(RealDate, values, new.target === FixedDate ? RealDate : new.target);
  };
  FixedDate.prototype = RealDate.prototype;
  Object.defineProperty(RealDate.prototype, 'constructor', { value: FixedDate, writable: true });
  Object.assign(FixedDate, { UTC: RealDate.UTC, parse: RealDate.parse, now: () => timeMs });
  replace(globalThis, 'Date', FixedDate);
  replace(performance, 'now', () => 0);
  replace(performance, 'timeOrigin', timeMs);
}

const replace = (target: object, name: string, value: unknown): void => {
  Object.defineProperty(target, name, { value, writable: true, configurable: true });
};

/** sfc32: whole numbers below 2 ** 32, the same for the same seed. */
function generator(seed: number): () => number {
  let a = 0;
  let b = seed | 0;
  let c = Math.floor(seed / 2 ** 32) | 0;
  let d = 1;
  const next = (): number => {
    const sum = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let round = 0; round < 12; round += 1) next();
  return next;
}

function uuid(next: () => number): string {
  const digits = Array.from({ length: 4 }, () => next().toString(16).padStart(8, '0')).join('');
  const variant = ((Number.parseInt(digits.slice(16, 17), 16) & 3) | 8).toString(16);
  const parts = [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `4${digits.slice(13, 16)}`,
    `${variant}${digits.slice(17, 20)}`,
    digits.slice(20),
  ];
  return parts.join('-');
}
