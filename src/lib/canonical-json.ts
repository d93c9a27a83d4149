/** JSON with sorted keys and no white space: equal values give equal bytes on every machine. */

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * `value` as JSON with the keys of every object sorted by UTF-16 code unit (as RFC 8785 orders
 * them). Throws a TypeError for what JSON can't hold: NaN, infinities, functions, symbols, bigints.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new TypeError(`Cannot encode ${value} as JSON: it is not finite`);
  }
  if (value === null || typeof value !== 'object') return encodeScalar(value);
  if (Array.isArray(value)) {
    return `[${value.map((item) => canonicalJson(item === undefined ? null : item)).join(',')}]`;
  }
  const record = value as Record<string, unknown>;
  const parts: string[] = [];
  for (const key of Object.keys(record).sort(byCodeUnit)) {
    if (record[key] !== undefined)
      parts.push(`${JSON.stringify(key)}:${canonicalJson(record[key])}`);
  }
  return `{${parts.join(',')}}`;
}

function encodeScalar(value: unknown): string {
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`Cannot encode a ${typeof value} as JSON`);
  return text;
}
