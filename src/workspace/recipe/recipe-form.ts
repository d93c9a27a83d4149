/** The form of a recipe file: what may be written, and the same as JSON Schema for editors. */
import { z } from 'zod';
import type { YamlForm } from '#workspace/yaml/read-yaml.ts';

/** The newest format of recipe files that this version reads. */
export const RECIPE_FORMAT = 1;

const NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/u;

const line = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(/^[^\n\r]*$/u, 'must be one line');
const name = z
  .string()
  .max(60)
  .regex(NAME, 'must be words of small letters and digits, joined by -');
const code = z.string().trim().min(1).max(10_000);
const globs = z.union(
  [line(1000).transform((glob) => [glob]), z.array(line(1000)).min(1).max(50)],
  {
    error: 'must be a glob in quotes, or a list of them',
  },
);
const command = z.string().trim().min(1).max(4096);
const count = z.int().min(0).max(1_000_000);

const search = z.strictObject({
  pattern: code.optional().describe('Code with $NAME and $$$NAME for what may differ'),
  text: z.string().min(1).max(1000).optional().describe('A text that is looked for as it is'),
  in: globs.optional().describe('Only these files; all without it'),
  atLeast: count.optional().describe('The plan fails with fewer places; 1 without it'),
  atMost: count.optional().describe('The plan fails with more places'),
});
const rewrite = z.strictObject({
  pattern: code.describe('Code with $NAME and $$$NAME for what may differ'),
  to: code.describe('What comes in its place'),
  in: globs.optional().describe('Only these files; all without it'),
});
const commandStep = z.strictObject({
  run: command.describe('A command line for sh -c, at the top of a copy of the repository'),
  writes: globs.describe('The files that it may change'),
  lines: line(1000).describe('A regular expression that each line it adds or removes must match'),
});
const check = z.strictObject({
  name: line(100),
  run: command.describe('A command line for sh -c'),
});

/** What a step can be; each has one of these keys. */
export const STEP_KINDS = ['search', 'rewrite', 'command', 'check'] as const;

const step = z
  .strictObject({
    id: name.optional(),
    title: line(100).optional(),
    role: z.enum(['scout', 'coder', 'runner']).optional(),
    after: z
      .union([name.transform((one) => [one]), z.array(name).max(30)], {
        error: 'must be the id of a step, or a list of them',
      })
      .optional(),
    search: search.optional(),
    rewrite: rewrite.optional(),
    command: commandStep.optional(),
    check: check.optional(),
  })
  .meta({ oneOf: STEP_KINDS.map((kind) => ({ required: [kind] })) });

const parameter = z.strictObject({
  name: z
    .string()
    .max(40)
    .regex(/^[a-z][A-Za-z0-9]*$/u, 'must be a word that begins with a small letter'),
  description: line(300).optional(),
  default: line(300).optional(),
  pattern: line(300).optional().describe('A regular expression that the whole value must match'),
  enum: z.array(line(300)).min(1).max(100).optional().describe('The values there are'),
});

const recipe = z.strictObject({
  format: z.literal(RECIPE_FORMAT).optional(),
  name,
  description: line(500),
  goal: line(200).describe('The goals it is for: words, {parameters} and [optional parts]'),
  parameters: z.array(parameter).max(20).optional(),
  steps: z.array(step).min(1).max(30),
});

/** A recipe as its file says it. */
export type RecipeData = z.infer<typeof recipe>;

/** How recipe files are read. */
export const RECIPE_FORM: YamlForm<RecipeData> = {
  schema: recipe,
  format: RECIPE_FORMAT,
  knownKeys: {
    '': 'format, name, description, goal, parameters, steps',
    'parameters.*': 'name, description, default, pattern, enum',
    'steps.*': 'search, rewrite, command, check; id, title, role, after',
    'steps.*.search': 'pattern, text, in, atLeast, atMost',
    'steps.*.rewrite': 'pattern, to, in',
    'steps.*.command': 'run, writes, lines',
    'steps.*.check': 'name, run',
  },
};

/** The form as JSON Schema (2020-12), for editors; published in docs/. */
export const recipeSchema = (): object =>
  z.toJSONSchema(recipe, { io: 'input', target: 'draft-2020-12' });
