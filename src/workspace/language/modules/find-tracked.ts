/** Which tracked source file a path means that is written with a runtime extension or with none. */

const SUFFIXES = ['', '.ts', '.tsx', '.d.ts', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs'];
const INDEXES = SUFFIXES.slice(1).map((suffix) => `/index${suffix}`);
const SOURCE_OF: readonly (readonly [RegExp, readonly string[]])[] = [
  [/\.js$/, ['.ts', '.tsx', '.d.ts', '.js', '.jsx']],
  [/\.jsx$/, ['.tsx', '.d.ts', '.jsx']],
  [/\.mjs$/, ['.mts', '.d.mts', '.mjs']],
  [/\.cjs$/, ['.cts', '.d.cts', '.cjs']],
];

/** The tracked file at a path without or with a runtime extension. */
export function findTracked(base: string, tracked: ReadonlySet<string>): string | undefined {
  for (const [pattern, suffixes] of SOURCE_OF) {
    if (!pattern.test(base)) continue;
    const stem = base.replace(pattern, '');
    const found = suffixes.map((suffix) => stem + suffix).find((file) => tracked.has(file));
    if (found !== undefined) return found;
  }
  const root = base === '' || base === '.' ? '' : base;
  return [...SUFFIXES, ...INDEXES]
    .map((suffix) => (root === '' ? suffix.replace(/^\//, '') : root + suffix))
    .find((file) => tracked.has(file));
}
