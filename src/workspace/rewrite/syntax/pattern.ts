/** A pattern made ready for one language: what to ask the parser for, and of what it consists. */
import { codeNode, leavesOf, type CodeNode } from './code-tree.ts';
import { type Language, parseCode, type ParserNode, VARIABLE_LETTER } from './load-parser.ts';
import { patternVariables, placeholder, renameVariables, type Variable } from './variables.ts';

/** A part of a pattern: a piece of code as it stands, or a variable by its number. */
export type PatternPart =
  | { readonly type: 'code'; readonly text: string }
  | { readonly type: 'variable'; readonly slot: number };

/** A variable that a match binds; `first` is the slot of the same name that came before, if any. */
export interface Slot {
  readonly name: string | null;
  readonly isMany: boolean;
  readonly first: number;
}

/** A pattern for one language. */
export interface Pattern {
  readonly language: Language;
  /** The pattern with our own names for its variables. */
  readonly query: string;
  readonly slots: readonly Slot[];
  readonly parts: readonly PatternPart[];
  /** What stands between part `n` and part `n + 1`. */
  readonly gaps: readonly string[];
  /** Words without which a text cannot hold a match. */
  readonly words: readonly string[];
  /** What the parser does not understand: an offset into the pattern, and in words. */
  readonly problem: { readonly offset: number; readonly message: string } | undefined;
  /** The parser takes it as a query, though maybe not as correct code. */
  readonly isUsable: boolean;
}

/** How the parser names the variable of a slot in its answers. */
export const slotName = (slot: number): string => placeholder(slot, 0, '');

/** Reads a pattern as code of a language. Never throws for a wrong one: see `problem`. */
export async function compilePattern(language: Language, pattern: string): Promise<Pattern> {
  const letter = VARIABLE_LETTER[language];
  const variables = patternVariables(pattern);
  const named = (which: ReadonlySet<number>, as: string) =>
    renameVariables(pattern, variables, ({ sigils }, index) =>
      which.has(index) ? placeholder(index, sigils, as) : undefined,
    );
  // only what is a node of its own is a variable; in the middle of a string it is text
  const slotOf = new Map(
    variables.map(({ sigils }, index) => [placeholder(index, sigils, letter), index]),
  );
  const trial = named(new Set(slotOf.values()), letter);
  const found = leavesOf(codeNode(await parseCode(language, trial.text)), trial.text);
  const bound = new Set(found.flatMap(({ text }) => slotOf.get(text) ?? []));
  const ready = named(bound, letter);
  const tree = codeNode(await parseCode(language, ready.text));
  const leaves = leavesOf(tree, ready.text);
  const parts = leaves.map(({ text }): PatternPart => {
    const slot = slotOf.get(text);
    return slot === undefined ? { type: 'code', text } : { type: 'variable', slot };
  });
  const query = named(bound, '$').text;
  const refusal = await refusalOf(language, query);
  const wrong = firstProblem(tree);
  const problem =
    refusal === undefined
      ? wrong && { offset: ready.originOf(wrong.start), message: 'it is not complete code' }
      : { offset: ready.originOf(wrong?.start ?? 0), message: refusal };
  return {
    language,
    query,
    parts,
    slots: slotsOf(variables),
    gaps: leaves.slice(1).map(({ start }, index) => ready.text.slice(leaves[index]?.end, start)),
    words: parts.flatMap((part) =>
      part.type === 'code' && part.text.length > 1 ? [part.text] : [],
    ),
    problem,
    isUsable: refusal === undefined,
  };
}

const slotsOf = (variables: readonly Variable[]): readonly Slot[] =>
  variables.map(({ name, isMany }, index) => {
    const first = variables.findIndex((other) => name !== null && other.name === name);
    return { name, isMany, first: first < 0 ? index : first };
  });

/** Why the parser does not take a query, or undefined when it does. */
async function refusalOf(language: Language, query: string): Promise<string | undefined> {
  const root = await parseCode(language, '');
  try {
    findMatches(root, query);
    return undefined;
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    if (message.includes('Multiple AST nodes')) return 'it is more than one piece of code';
    return message.includes('No AST root')
      ? 'it is empty'
      : (message.split('|->').at(-1) ?? message);
  }
}

/** The nodes that match a query; throws what the parser says against it. */
export const findMatches = (root: ParserNode, query: string): readonly ParserNode[] =>
  root.findAll({ rule: { pattern: query } });

/** The first node that is an error, or that the parser had to make up. */
function firstProblem(root: CodeNode): CodeNode | undefined {
  const waiting = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    const isMissing = node !== root && node.start === node.end;
    if (node.kind === 'ERROR' || isMissing) return node;
    waiting.push(...node.children().toReversed());
  }
  return undefined;
}
