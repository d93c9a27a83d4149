/** Gathers what was not as expected: the same thing once, with its count and its first places. */
import type { Problem } from './old-bus.ts';

const MOST_EXAMPLES = 5;
const MOST_KINDS = 200;

/** A list of problems that is being made. */
export interface ProblemList {
  /** Notes one case; `left` when nothing of it is taken over. */
  readonly note: (what: string, where: string, left?: boolean) => void;
  readonly list: () => readonly Problem[];
}

/** An empty list. It holds at most 200 kinds; further ones are counted together. */
export function makeProblems(): ProblemList {
  const found = new Map<string, { count: number; examples: string[]; left: boolean }>();
  return {
    note: (what, where, left = false) => {
      const kind = found.has(what) || found.size < MOST_KINDS ? what : 'something else was wrong';
      const entry = found.get(kind) ?? { count: 0, examples: [], left };
      entry.count += 1;
      const isNew = entry.examples.length < MOST_EXAMPLES && !entry.examples.includes(where);
      if (isNew) entry.examples.push(where);
      found.set(kind, { ...entry, left: entry.left || left });
    },
    list: () => Array.from(found, ([what, entry]) => ({ what, ...entry })),
  };
}
