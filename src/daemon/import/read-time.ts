/** Reads the times that old buses write: ISO 8601, SQLite's own form, and counts since 1970. */

/** A time in milliseconds since 1970, and whether it said its zone. */
export interface FoundTime {
  readonly ms: number;
  readonly zoned: boolean;
}

const DATE =
  /^(\d{4})-(\d{2})-(\d{2})(?:([T ])(\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|z|UTC|[+-]\d{2}:?\d{2})?)?$/u;
const NUMBER = /^\d{6,19}(?:\.\d+)?$/u;

/** The last millisecond of the year 9999: what ISO 8601 writes with four digits. */
const LAST_MS = 253_402_300_799_999;
const MINUTE_MS = 60_000;

/**
 * The time that `value` says, or undefined. A number counts seconds, milliseconds, microseconds or
 * nanoseconds, told apart by their size (from 1973 on). A text without a zone is `offsetMinutes` east
 * of UTC; but SQLite's CURRENT_TIMESTAMP ("2026-02-12 10:00:00") is always UTC.
 */
export function readTime(value: unknown, offsetMinutes: number): FoundTime | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return readCount(Number(value));
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  return NUMBER.test(text) ? readCount(Number(text)) : readDate(text, offsetMinutes);
}

function readCount(count: number): FoundTime | undefined {
  if (!Number.isFinite(count) || count < 1e8) return undefined;
  const unit = [1e11, 1e14, 1e17, 1e20].findIndex((limit) => count < limit);
  if (unit < 0) return undefined;
  const ms = Math.round(count * (1000 / 1000 ** unit));
  return ms <= LAST_MS ? { ms, zoned: true } : undefined;
}

function readDate(text: string, offsetMinutes: number): FoundTime | undefined {
  const match = DATE.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, between, hour = '0', minute = '0', second = '0', fraction = '', zone] =
    match;
  const parts = [year, month, day, hour, minute, second].map(Number);
  const [y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0] = parts;
  const whole = Date.UTC(y, mo - 1, d, h, mi, s);
  // Date.UTC rolls over what does not exist (30 February, 25 o'clock): then nothing is known.
  const again = new Date(whole).toISOString().slice(0, 19);
  const asked = `${year}-${month}-${day}T${[hour, minute, second].map((part) => part.padStart(2, '0')).join(':')}`;
  if (again !== asked) return undefined;
  const isSqlite = between === ' ' && fraction === '' && zone === undefined;
  const offset = zone === undefined ? (isSqlite ? 0 : offsetMinutes) : zoneMinutes(zone);
  const ms = whole + Number(fraction.padEnd(3, '0').slice(0, 3)) - offset * MINUTE_MS;
  if (ms < 0 || ms > LAST_MS) return undefined;
  return { ms, zoned: zone !== undefined || isSqlite };
}

function zoneMinutes(zone: string): number {
  const match = /^([+-])(\d{2}):?(\d{2})$/u.exec(zone);
  if (match === null) return 0;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return match[1] === '-' ? -minutes : minutes;
}
