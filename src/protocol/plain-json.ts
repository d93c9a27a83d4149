/**
 * What may be in the data of an event: exactly what comes back when its bytes are read again.
 * Checked when it is written, so that a live fold and a later one see the same.
 */

/** How deep data may be nested; recursion over it then never runs out of stack. */
export const MAX_DATA_DEPTH = 64;

/** What keeps `value` from being plain JSON data, named by place, or undefined when nothing does. */
export function plainJsonProblem(value: unknown, at: string, depth = 0): string | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : `${at} is ${value}, which JSON can't hold`;
    case 'object':
      if (value === null) return undefined;
      if (depth >= MAX_DATA_DEPTH) return `${at} is nested deeper than ${MAX_DATA_DEPTH}`;
      return Array.isArray(value) ? listProblem(value, at, depth) : recordProblem(value, at, depth);
    default:
      return `${at} is a ${typeof value}, which JSON can't hold`;
  }
}

function listProblem(items: readonly unknown[], at: string, depth: number): string | undefined {
  for (const [index, item] of items.entries()) {
    const problem = plainJsonProblem(item, `${at}[${index}]`, depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Keys that hold undefined are allowed: they are left out of the bytes, and of the state. */
function recordProblem(record: object, at: string, depth: number): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(record);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    return `${at} is a ${record.constructor.name}, not plain data`;
  }
  for (const [key, item] of Object.entries(record)) {
    const problem =
      item === undefined ? undefined : plainJsonProblem(item, `${at}.${key}`, depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
