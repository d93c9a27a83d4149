/** The simulated world as plain data: refs, git commits, worktrees, and how often what happened. */
import { sha256 } from '#lib/sha256.ts';

/** Content by path. */
export type Tree = Readonly<Record<string, string>>;

/** A git commit; `tree` is whole. */
export interface SimCommit {
  readonly tree: Tree;
  readonly parent: string | null;
  readonly message: string;
}

/** A worktree; half-made until `complete`. */
export interface SimWorktree {
  readonly commit: string;
  complete: boolean;
  files: Record<string, string>;
}

/** Everything outside the record. */
export interface WorldState {
  readonly commits: Record<string, SimCommit>;
  readonly refs: Record<string, string>;
  /** Trees that a ref holds; others go with the life that made them. */
  readonly trees: Record<string, Tree>;
  readonly worktrees: Record<string, SimWorktree>;
  /** The person's own files. */
  files: Record<string, string>;
  /** How often each change of the world happened, by what it is. */
  readonly happened: Record<string, number>;
}

/** The paths there are. */
export const PATHS = ['a.ts', 'b.ts', 'c.ts', 'd.ts', 'e.ts', 'f.ts'] as const;

/** Where the repository is. */
export const TOP = '/repository';

const base: Tree = Object.fromEntries(PATHS.map((path) => [path, `content of ${path}\n`]));

/** An id of the form of git's. */
export const gitId = (text: string): string => sha256(text).slice(0, 40);

/** The commit that missions start from. */
export const BASE = gitId('base');

/** A repository with one commit on main, and nothing else. */
export const newWorld = (): WorldState => ({
  commits: { [BASE]: { tree: base, parent: null, message: 'base' } },
  refs: { 'refs/heads/main': BASE },
  trees: {},
  worktrees: {},
  files: { ...base },
  happened: {},
});

/** What an edit by `author` makes of a file. */
export const edited = (content: string, author: string): string => `${content}by ${author}\n`;

/** The id of a tree. */
export const treeId = (tree: Tree): string => gitId(JSON.stringify(Object.entries(tree).sort()));
