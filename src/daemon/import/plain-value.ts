/** Turns what a database or a file holds into plain JSON data without losing any of it. */

/** How deep a value may be nested before it is kept as JSON text instead. */
const MAX_DEPTH = 32;

/**
 * `value` as JSON can hold it: bytes as `{base64}`, whole numbers beyond 2^53 and numbers that are not
 * finite as text, half characters as `{escaped}` (JSON text), what is nested too deep as JSON text.
 */
export function toPlain(value: unknown, depth = 0): unknown {
  if (typeof value === 'bigint') return fromBigint(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'string') {
    return value.isWellFormed() ? value : { escaped: JSON.stringify(value) };
  }
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString('base64') };
  if (typeof value !== 'object' || value === null) return value ?? null;
  if (depth >= MAX_DEPTH) return JSON.stringify(value);
  if (Array.isArray(value)) return value.map((item) => toPlain(item, depth + 1));
  // A key may be half a character as well; `__proto__` must stay a key.
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key.toWellFormed(), toPlain(item, depth + 1)]),
  );
}

const fromBigint = (value: bigint): number | string =>
  Number.isSafeInteger(Number(value)) ? Number(value) : String(value);

/** The text that a value is for people: bytes that are UTF-8 as text, others in base64. */
export function toText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value.toWellFormed();
  if (value instanceof Uint8Array) return bytesText(value);
  if (typeof value === 'object') return JSON.stringify(toPlain(value));
  return String(value as number | bigint | boolean);
}

function bytesText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return Buffer.from(bytes).toString('base64');
  }
}

/** Parses JSON; whole numbers that JavaScript can't hold exactly stay as the text that stood there. */
export const parseExact = (text: string): unknown =>
  JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) => {
    const source = context?.source;
    if (typeof value !== 'number' || source === undefined) return value;
    return /^-?\d+$/u.test(source) && !Number.isSafeInteger(value) ? source : value;
  });
