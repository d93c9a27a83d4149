/** The recipe `rewrite a to b [in glob]`: code that a pattern matches becomes code of another one. */
import { SkeinError } from '#protocol/errors.ts';
import { planRewrite } from '#workspace/rewrite/plan-rewrite.ts';
import type { RewriteOutcome } from '#workspace/rewrite/rewrite.ts';
import type { PlannedChange, PlanRequest, Recipe } from '../recipe.ts';
import { shorten } from './share-parts.ts';

const MAX_TITLE = 72;

/** What a goal asks for. */
export interface RewriteGoal {
  readonly pattern: string;
  readonly replacement: string;
  readonly glob?: string;
}

const FORM = /^\s*rewrite\s.*\sto\s/isu;
const START = /^\s*rewrite\s+/iu;
const QUOTES = new Set(['"', "'", '`']);
const BRACKETS: Readonly<Record<string, number>> = {
  '(': 1,
  '[': 1,
  '{': 1,
  ')': -1,
  ']': -1,
  '}': -1,
};

/**
 * Reads `rewrite <pattern> to <pattern> [in <glob>]`; undefined when the goal has another form. A
 * pattern in quotes ends where its quote is followed by the next word; without quotes, `to` and `in`
 * count only outside of brackets and strings. Throws `pattern-invalid` when that can be read in two ways.
 */
export function parseRewriteGoal(goal: string): RewriteGoal | undefined {
  if (!FORM.test(goal)) return undefined;
  const start = START.exec(goal)?.[0].length ?? 0;
  const from = readOperand(goal, start, 'to');
  if (from.next === undefined) throw unclear(goal, 'no word "to" is outside of the patterns');
  const to = readOperand(goal, from.next, 'in');
  const glob = to.next === undefined ? undefined : goal.slice(to.next).trim();
  const replacement = to.text;
  if (from.text === '' || replacement === '' || glob === '') throw unclear(goal, 'a part is empty');
  return {
    pattern: from.text,
    replacement,
    ...(glob === undefined ? {} : { glob: unquote(glob) }),
  };
}

const unquote = (text: string): string => text.replace(/^(["'`])(.*)\1$/su, '$2');

interface Operand {
  readonly text: string;
  /** Where the text after the word begins; undefined when the word does not come. */
  readonly next: number | undefined;
}

/** What stands before `word`, or up to the end. */
function readOperand(goal: string, start: number, word: 'to' | 'in'): Operand {
  const quote = goal[start] ?? '';
  const next = new RegExp(`\\s+${word}\\s+`, 'iuy');
  if (QUOTES.has(quote)) {
    for (let end = goal.indexOf(quote, start + 1); end > 0; end = goal.indexOf(quote, end + 1)) {
      next.lastIndex = end + 1;
      const isFollowed = next.test(goal);
      if (!isFollowed && (word === 'to' || goal.slice(end + 1).trim() !== '')) continue;
      return { text: goal.slice(start + 1, end), next: isFollowed ? next.lastIndex : undefined };
    }
  }
  const places = findWord(goal, start, next);
  if (places.length > 1) throw unclear(goal, `the word "${word}" is in it more than once`);
  const [place] = places;
  if (place === undefined) return { text: goal.slice(start).trim(), next: undefined };
  return { text: goal.slice(start, place.start).trim(), next: place.end };
}

/** Where a word stands outside of brackets and strings. */
function findWord(goal: string, start: number, word: RegExp): { start: number; end: number }[] {
  const places: { start: number; end: number }[] = [];
  let depth = 0;
  let quote = '';
  for (let at = start; at < goal.length; at += 1) {
    const character = goal[at] ?? '';
    if (quote !== '') quote = character === quote ? '' : quote;
    else if (QUOTES.has(character)) quote = character;
    else depth += BRACKETS[character] ?? 0;
    word.lastIndex = at;
    if (quote === '' && depth === 0 && /\s/u.test(character) && word.test(goal)) {
      places.push({ start: at, end: word.lastIndex });
      at = word.lastIndex - 2;
    }
  }
  return places;
}

const unclear = (goal: string, state: string): SkeinError =>
  new SkeinError('pattern-invalid', `Cannot read the goal "${goal.trim()}": ${state}`, {
    fix: "Put the patterns in quotes: rewrite '<pattern>' to '<pattern>' in <glob>",
  });

/** Rewrites code by patterns, in JavaScript, TypeScript, CSS and HTML. */
export const rewritePattern: Recipe = {
  name: 'rewrite',
  usage: 'rewrite <pattern> to <pattern> [in <glob>]',
  matches: (goal) => FORM.test(goal),
  plan: async (goal, request) => planGoal(parseRewriteGoal(goal) as RewriteGoal, request),
};

async function planGoal(goal: RewriteGoal, request: PlanRequest): Promise<PlannedChange> {
  const { root, files, signal } = request;
  const { pattern, replacement, glob } = goal;
  const globs = glob === undefined ? [] : [glob];
  const outcome = await planRewrite({ root, files, pattern, replacement, globs, signal });
  const { edits, listed, warnings } = outcome;
  if (edits.length === 0) throw nothingToChange(goal, outcome);
  const title = shorten(`Rewrite ${oneLine(pattern)} to ${oneLine(replacement)}`, MAX_TITLE);
  const places = edits.reduce((sum, { changes }) => sum + changes, 0);
  const summary = `${title} (${places} place${places === 1 ? '' : 's'}${glob === undefined ? '' : `, ${glob}`})`;
  return { title, summary, engine: 'ast-grep', edits, listed, warnings, names: null };
}

/** The error for patterns that find nothing, or nothing that may be changed. */
function nothingToChange({ pattern, glob }: RewriteGoal, outcome: RewriteOutcome): SkeinError {
  const { listed, searched, warnings } = outcome;
  const where = glob === undefined ? '' : ` in ${glob}`;
  const state =
    listed.length === 0
      ? `none of ${searched} files${where} holds it`
      : `${listed.length} places${where} match, and none of them can be changed`;
  return new SkeinError('nothing-to-change', `Cannot rewrite ${pattern}: ${state}`, {
    fix: warnings[0] ?? 'Quotes, commas and types count: write the pattern as the code is written.',
    details: { pattern, searched, warnings },
  });
}

const oneLine = (text: string): string => text.replaceAll(/\s+/gu, ' ').trim();
