/**
 * Hand-written guards for what is on the record. A shape checks a value and carries its static
 * type; unknown keys are allowed, because a newer Skein may have added optional ones.
 */

/** A guard: `problem` answers what is wrong with a value (undefined = nothing). */
export interface Shape<T> {
  readonly problem: (value: unknown, at: string) => string | undefined;
  readonly optional?: boolean;
  readonly sample?: T;
}

/** The static type of what a shape accepts. */
export type Of<S> = S extends Shape<infer T> ? T : never;

type OptionalKeys<F> = { [K in keyof F]: F[K] extends { optional: true } ? K : never }[keyof F];

/** The static type of a record of shapes, with optional fields as optional keys. */
export type FieldsOf<F> = { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Of<F[K]> } & {
  readonly [K in OptionalKeys<F>]?: Of<F[K]>;
};

const simple = <T>(name: string, accepts: (value: unknown) => boolean): Shape<T> => ({
  problem: (value, at) => (accepts(value) ? undefined : `${at} is not ${name}`),
});

/** Any string. */
export const text: Shape<string> = simple('text', (value) => typeof value === 'string');

/** A whole number that JSON and JavaScript carry exactly. */
export const integer: Shape<number> = simple('a whole number', (value) =>
  Number.isSafeInteger(value),
);

/** true or false. */
export const flag: Shape<boolean> = simple('true or false', (value) => typeof value === 'boolean');

/** SHA-256 as 64 lower-case hexadecimal digits. */
export const digest: Shape<string> = simple(
  'a SHA-256 in hexadecimal',
  (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value),
);

/** A git object id: 40 (SHA-1) or 64 (SHA-256) hexadecimal digits. */
export const gitId: Shape<string> = simple(
  'a git object id',
  (value) => typeof value === 'string' && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(value),
);

/** `shape` or null. */
export const nullable = <T>(shape: Shape<T>): Shape<T | null> => ({
  problem: (value, at) => (value === null ? undefined : shape.problem(value, at)),
});

/** A key that may be absent. */
export const optional = <T>(shape: Shape<T>): Shape<T> & { readonly optional: true } => ({
  problem: (value, at) => (value === undefined ? undefined : shape.problem(value, at)),
  optional: true,
});

/** One of the given words. */
export const oneOf = <const W extends readonly string[]>(...words: W): Shape<W[number]> =>
  simple(`one of ${words.join(', ')}`, (value) => words.includes(value as string));

/** An array whose every item has the given shape. */
export const list = <T>(item: Shape<T>): Shape<readonly T[]> => ({
  problem: (value, at) => {
    if (!Array.isArray(value)) return `${at} is not a list`;
    for (const [index, entry] of value.entries()) {
      const problem = item.problem(entry, `${at}[${index}]`);
      if (problem !== undefined) return problem;
    }
    return undefined;
  },
});

/** An object with at least the given fields. */
export const fields = <F extends Readonly<Record<string, Shape<unknown>>>>(
  wanted: F,
): Shape<FieldsOf<F>> => {
  const entries = Object.entries(wanted);
  return {
    problem: (value, at) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        return `${at} is not an object`;
      }
      for (const [key, shape] of entries) {
        const record = value as Record<string, unknown>;
        const given = Object.hasOwn(record, key) ? record[key] : undefined;
        const problem = shape.problem(given, `${at}.${key}`);
        if (problem !== undefined) return problem;
      }
      return undefined;
    },
  };
};
