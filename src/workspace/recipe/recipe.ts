/**
 * Recipes that a repository brings along: how a change is made, step by step, without a model. They
 * are files of the git commit that a mission starts from, named in `skein.yaml`; what lies in the
 * working tree does not count. `recipe-file.ts` reads them; this is what they say, checked.
 */

/** Something that a goal may say, or that has a value by itself. */
export interface RecipeParameter {
  readonly name: string;
  readonly description: string | undefined;
  readonly default: string | undefined;
  /** A regular expression for the whole value. */
  readonly pattern: string | undefined;
  readonly enum: readonly string[] | undefined;
}

/** What a step does. In `in` and `writes`, `{id}` of a search stands for the files it found. */
export type StepWork =
  | {
      readonly kind: 'search';
      readonly pattern: string | undefined;
      readonly text: string | undefined;
      readonly in: readonly string[];
      readonly atLeast: number;
      readonly atMost: number;
    }
  | {
      readonly kind: 'rewrite';
      readonly pattern: string;
      readonly to: string;
      readonly in: readonly string[];
    }
  | {
      readonly kind: 'command';
      readonly run: string;
      readonly writes: readonly string[];
      readonly lines: string;
    }
  | { readonly kind: 'check'; readonly name: string; readonly run: string };

/** A step; `after` are ids of steps before it. */
export type RecipeStep = StepWork & {
  readonly id: string;
  readonly title: string | undefined;
  readonly after: readonly string[];
};

/** A recipe; `file` is its path in the repository. */
export interface RecipeDefinition {
  readonly file: string;
  readonly name: string;
  readonly description: string;
  readonly goal: string;
  readonly parameters: readonly RecipeParameter[];
  readonly steps: readonly RecipeStep[];
}
