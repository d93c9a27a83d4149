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
  return Array.isArray(value) ? encodeList(value) : encodeRecord(value as Record<string, unknown>);
}

function encodeList(items: readonly unknown[]): string {
  let text = '';
  for (const item of items) {
    text += `${text === '' ? '' : ','}${canonicalJson(item === undefined ? null : item)}`;
  }
  return `[${text}]`;
}

function encodeRecord(record: Readonly<Record<string, unknown>>): string {
  let text = '';
  for (const key of sortedKeys(record)) {
    const value = record[key];
    if (value === undefined) continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(value)}`;
  }
  return `{${text}}`;
}

/** State is folded over and over from objects with their keys in the same order: often the right one. */
function sortedKeys(record: Readonly<Record<string, unknown>>): readonly string[] {
  const keys = Object.keys(record);
  for (let index = 1; index < keys.length; index += 1) {
    if ((keys[index - 1] as string) > (keys[index] as string)) return keys.sort(byCodeUnit);
  }
  return keys;
}

function encodeScalar(value: unknown): string {
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`Cannot encode a ${typeof value} as JSON`);
  return text;
}
