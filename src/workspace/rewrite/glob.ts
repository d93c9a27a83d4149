/**
 * Globs over tracked paths: `*`, `?`, `[abc]`, `{a,b}` and `**`; `src` and `src/` mean all below. Not
 * `path.matchesGlob`: a pattern of twenty stars holds it for minutes, it passes over hidden files, and
 * a folder named `[id]` cannot be written for it. Time here is the product of both lengths.
 */
import { SkeinError } from '#protocol/errors.ts';

const MAX_LENGTH = 1_000;
const MAX_ALTERNATIVES = 64;

/** One test for one glob; throws `pattern-invalid` for what can't match a tracked path. */
export function compileGlob(glob: string): (path: string) => boolean {
  const plain = glob.trim().replace(/^(?:\.\/)+/u, '');
  assertGlob(glob, plain);
  const folder = plain.replace(/\/+$/u, '');
  const below = plain.endsWith('/') ? '/**' : '';
  const patterns = expandBraces(folder + below, glob).map((each) =>
    each.split('/').map(compileName),
  );
  // a name that is meant literally wins: folders may be called [id]
  const isLiteral = (path: string): boolean => path === folder || path.startsWith(`${folder}/`);
  return (path) => {
    const names = path.split('/');
    return isLiteral(path) || patterns.some((parts) => matchesNames(parts, names));
  };
}

/** The paths that one of the globs matches; every glob must match some, else `pattern-invalid`. */
export function selectPaths(paths: readonly string[], globs: readonly string[]): readonly string[] {
  if (globs.length === 0) return paths;
  const tests = globs.map((glob) => ({ glob, test: compileGlob(glob) }));
  for (const { glob, test } of tests) {
    if (!paths.some(test)) throw invalid(glob, 'no tracked file matches it');
  }
  return paths.filter((path) => tests.some(({ test }) => test(path)));
}

function assertGlob(glob: string, plain: string): void {
  if (plain === '' || plain === '.') throw invalid(glob, 'it is empty');
  if (plain.length > MAX_LENGTH) throw invalid(glob, `it is longer than ${MAX_LENGTH} characters`);
  if (plain.startsWith('/') || plain.split('/').includes('..')) {
    throw invalid(glob, 'it leads out of the repository');
  }
}

const invalid = (glob: string, state: string): SkeinError =>
  new SkeinError('pattern-invalid', `Cannot use the glob ${glob}: ${state}`, {
    fix: 'Write it from the top of the repository, such as src/**/*.ts or src/',
    details: { glob },
  });

/** Every spelling of `a{b,c}d`; braces without a comma or a partner stand for themselves. */
function expandBraces(text: string, glob: string): readonly string[] {
  const done: string[] = [];
  const waiting = [text];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const found = /^(.*?)\{([^{}]*,[^{}]*)\}(.*)$/su.exec(next);
    if (found === null) done.push(next);
    else {
      const [, before = '', inner = '', after = ''] = found;
      for (const each of inner.split(',')) waiting.push(before + each + after);
    }
    if (done.length + waiting.length > MAX_ALTERNATIVES) {
      throw invalid(glob, `it has more than ${MAX_ALTERNATIVES} alternatives`);
    }
  }
  return done;
}

/** A wildcard is a string: `*` for characters of a name, `**` for names. */
type Part = '*' | ((character: string) => boolean);
type NamePattern = '**' | readonly Part[];

function compileName(name: string): NamePattern {
  if (name === '**') return '**';
  const parts: Part[] = [];
  for (const [piece] of name.matchAll(/\*+|\[!?[^\]]+\]|./gsu)) {
    if (piece.startsWith('*')) parts.push('*');
    else if (piece === '?') parts.push(() => true);
    else if (piece.length > 2 && piece.startsWith('[')) parts.push(compileClass(piece));
    else parts.push((character) => character === piece);
  }
  return parts;
}

/** `[abc]`, `[a-z]`, `[!abc]`. */
function compileClass(piece: string): (character: string) => boolean {
  const isNegated = piece[1] === '!';
  const inner = piece.slice(isNegated ? 2 : 1, -1);
  const ranges = [...inner.matchAll(/(.)-(.)|(.)/gsu)].map(([, from, to, one]) =>
    one === undefined ? ([from ?? '', to ?? ''] as const) : ([one, one] as const),
  );
  const holds = (character: string): boolean =>
    ranges.some(([from, to]) => character >= from && character <= to);
  return (character) => holds(character) !== isNegated;
}

const matchesNames = (patterns: readonly NamePattern[], names: readonly string[]): boolean =>
  matchesRun(patterns, names, (pattern, name) => pattern !== '**' && matchesName(pattern, name));

const matchesName = (parts: readonly Part[], name: string): boolean =>
  matchesRun(parts, [...name], (part, character) => part !== '*' && part(character));

/** Wildcards against items; goes back no further than to the last wildcard. */
function matchesRun<P, T>(
  patterns: readonly P[],
  items: readonly T[],
  accepts: (pattern: P, item: T) => boolean,
): boolean {
  let at = 0;
  let star: { readonly at: number; item: number } | undefined;
  for (let item = 0; item < items.length;) {
    const pattern = patterns[at];
    if (typeof pattern === 'string') {
      star = { at, item };
      at += 1;
    } else if (pattern !== undefined && accepts(pattern, items[item] as T)) {
      at += 1;
      item += 1;
    } else if (star !== undefined) {
      // the last wildcard takes one item more
      star.item += 1;
      at = star.at + 1;
      item = star.item;
    } else return false;
  }
  return patterns.slice(at).every((pattern) => typeof pattern === 'string');
}
