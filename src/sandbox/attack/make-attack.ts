/** How attacks are put together: one idea in several languages, and the words that every program has. */
import type { Tier } from '#sandbox/sandbox.ts';
import type { Attack, AttackGroup, Dialect, Programs } from './attack.ts';

/** What every program prints first: it has begun. */
export const BEGUN = 'begun';

/** The tiers that run a dialect. Python of T2 is that of the machine. */
const TIERS: Readonly<Record<Dialect, readonly Tier[]>> = {
  python: ['T1', 'T1+', 'T2', 'T3'],
  javascript: ['T0', 'T1', 'T1+'],
  shell: ['T2', 'T3'],
};

/** One idea of an attack, in the dialects it can be said in. */
export interface Idea
  extends
    Pick<Attack, 'name'>,
    Partial<Pick<Attack, 'tiers' | 'limits' | 'files' | 'isExact' | 'judge'>>,
    Partial<Readonly<Record<Dialect, Programs>>> {}

const DIALECTS: readonly Dialect[] = ['python', 'javascript', 'shell'];

/** Each idea in each of its dialects. */
export const makeAttacks = (group: AttackGroup, ideas: readonly Idea[]): readonly Attack[] =>
  ideas.flatMap((idea) =>
    DIALECTS.flatMap((dialect): readonly Attack[] => {
      const programs = idea[dialect];
      if (programs === undefined) return [];
      const { name, tiers, limits = {}, files = [], isExact = false, judge = () => null } = idea;
      const able = TIERS[dialect].filter((tier) => tiers?.includes(tier) ?? true);
      const spelled = { name: `${name} ${dialect}`, group, dialect, tiers: able };
      return [{ ...spelled, programs, limits, files, isExact, judge }];
    }),
  );

/** A program of Python that tries each snippet, whatever becomes of the others. */
export const python = (...snippets: readonly string[]): string =>
  [
    `print("${BEGUN}", flush=True)`,
    ...snippets.map((snippet) => {
      const body = snippet.split('\n').map((line) => `    ${line}`);
      return [
        'try:',
        ...body,
        'except BaseException as _e:',
        '    print("no", repr(_e)[:80])',
      ].join('\n');
    }),
  ].join('\n');

/** The same in JavaScript; a snippet may wait. */
export const javascript = (...snippets: readonly string[]): string =>
  [
    `console.log("${BEGUN}");`,
    ...snippets.map(
      (snippet) => `try { ${snippet} } catch (e) { console.log("no " + String(e).slice(0, 80)); }`,
    ),
  ].join('\n');

/** The same for a shell. */
export const shell = (...snippets: readonly string[]): string =>
  [`echo ${BEGUN}`, ...snippets.map((snippet) => `( ${snippet} ) 2>&1`)].join('\n');
