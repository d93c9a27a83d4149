/** UUIDv7 (RFC 9562, 5.7): ids that sort by time, and the consecutive ids of one command. */

const PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const RANDOM_B = (1n << 62n) - 1n;

/** Whether `value` is a UUIDv7 in its lower-case text form. */
export const isUuidv7 = (value: unknown): value is string =>
  typeof value === 'string' && PATTERN.test(value);

/** Where time and chance come from; `random` fills the given bytes. */
export interface UuidSource {
  readonly now: () => number;
  readonly random: (bytes: Uint8Array) => Uint8Array;
}

/** A maker of UUIDv7 that rises strictly, also inside a millisecond and when the clock goes back. */
export function makeUuidv7(source: UuidSource): () => string {
  let lastMs = -1;
  let counter = 0;
  const bytes = new Uint8Array(10);
  return () => {
    source.random(bytes);
    const now = source.now();
    if (now > lastMs) {
      lastMs = now;
      counter = ((bytes[0] ?? 0) & 0x07) << 8;
    } else if (++counter > 0xfff) {
      lastMs += 1;
      counter = 0;
    }
    return format(lastMs, counter, bytes);
  };
}

function format(ms: number, counter: number, bytes: Uint8Array): string {
  const time = ms.toString(16).padStart(12, '0');
  const tail = Array.from(bytes.subarray(2), (byte) => byte.toString(16).padStart(2, '0')).join('');
  const variant = ((Number.parseInt(tail.slice(0, 1), 16) & 0x3) | 0x8).toString(16);
  const third = `7${counter.toString(16).padStart(3, '0')}`;
  return `${time.slice(0, 8)}-${time.slice(8)}-${third}-${variant}${tail.slice(1, 4)}-${tail.slice(4)}`;
}

/**
 * The id `steps` after `id`, counted in its random part. The events of a command have the ids
 * command, command + 1, ...: so a receipt can be rebuilt from signed headers alone.
 * Throws a RangeError when the random part would overflow.
 */
export function uuidPlus(id: string, steps: number): string {
  if (steps === 0) return id;
  const low = Number.parseInt(id.slice(24), 16) + steps;
  if (low <= 0xffff_ffff_ffff) return id.slice(0, 24) + low.toString(16).padStart(12, '0');
  const hex = id.replaceAll('-', '');
  const value = BigInt(`0x${hex}`);
  const random = (value & RANDOM_B) + BigInt(steps);
  if (random > RANDOM_B) throw new RangeError(`Cannot count ${steps} ids from ${id}: it overflows`);
  return uuidFromHex(((value & ~RANDOM_B) | random).toString(16).padStart(32, '0'));
}

/** The text form of 32 hexadecimal digits. */
export const uuidFromHex = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;

/** How far `id` lies after `from` when both differ only in the random part, else undefined. */
export function uuidDistance(from: string, id: string): number | undefined {
  if (id.slice(0, 18) !== from.slice(0, 18)) return undefined;
  const random = (text: string): bigint => BigInt(`0x${text.replaceAll('-', '')}`) & RANDOM_B;
  const distance = random(id) - random(from);
  return distance >= 0n && distance < 1n << 32n ? Number(distance) : undefined;
}
