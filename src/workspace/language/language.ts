/**
 * The port of code intelligence: what a rename is asked with, what it answers, and what a language
 * server must be able to do for it. Nothing here writes to the repository: an answer is a list of
 * edits with the hash of the bytes they were computed from. Lines and columns of the public types
 * count from 1 in UTF-16 units; those of the server port count from 0.
 */
import type { ProgramHost } from '#workspace/programs/program-host.ts';

/** Which compiler answered. TypeScript 6 is used for options that TypeScript 7 has removed. */
export type Engine = 'typescript-7' | 'typescript-6';

/** A place a person can name: 1-based line and column. */
export interface Place {
  readonly path: string;
  readonly line: number;
  readonly column: number;
}

/** A goal "rename from to to". `files` are the tracked files, relative with forward slashes. */
export interface RenameRequest {
  readonly root: string;
  readonly files: readonly string[];
  /** A name, or `Container.name` to say whose member is meant. */
  readonly from: string;
  readonly to: string;
  /** Chooses one of several symbols of that name. */
  readonly at?: { readonly path: string; readonly line: number; readonly column?: number };
  /** Keep the old name as an alias where a module exports it; importers stay as they are. */
  readonly keepExports: boolean;
  /** Files that go on using the old name for what they import: `import { b as a }`. */
  readonly aliasIn?: readonly string[];
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** What holds the server and the compilers; by default nothing. */
  readonly host?: ProgramHost;
}

/** The new content of one file. Hashes are SHA-256 in hex of the bytes before and after. */
export interface FileEdit {
  readonly path: string;
  readonly baseHash: string;
  readonly afterHash: string;
  readonly after: Buffer;
  /** How many spans of the file change. */
  readonly changes: number;
  /** The lines (of the old content) that change, ascending. */
  readonly lines: readonly number[];
}

/** Why a whole word equal to the old name is where it is. */
export type OccurrenceClass =
  | 'renamed'
  | 'other-symbol'
  | 'key'
  | 'string'
  | 'comment'
  | 'text'
  | 'unresolved';

/** A whole word equal to the old name that is left after the rename (places of the old content). */
export interface Occurrence extends Place {
  readonly class: OccurrenceClass;
  /** The line it stands on, trimmed, at most 160 characters. */
  readonly preview: string;
}

/** One symbol a name can mean. */
export interface SymbolChoice extends Place {
  readonly name: string;
  /** `function`, `variable`, `class`, `interface`, `type`, `enum`, `member`, `parameter`, ... */
  readonly kind: string;
  /** The class, interface, function or namespace it is declared in. */
  readonly container?: string;
  readonly preview: string;
}

/** One use in a file that is left open. */
export interface OpenPlace extends Place {
  readonly preview: string;
}

/**
 * A file left out of the edits: it imports the symbol, and the plain rename does not fit there. The
 * same request with the file in `aliasIn` does: the plan was verified with that in place.
 */
export interface OpenFile {
  readonly path: string;
  /** Every use, the import first. */
  readonly places: readonly OpenPlace[];
  /** What is in the way: one sentence without full stop, with `path:line`. */
  readonly why: string;
  /** The plain rename of the file; null when no parser would notice that it is wrong. */
  readonly plain: FileEdit | null;
}

/** The answer to a rename that is possible or needs a choice; refusals are thrown as SkeinError. */
export type RenameOutcome =
  | {
      readonly type: 'planned';
      readonly engine: Engine;
      readonly symbol: SymbolChoice;
      readonly edits: readonly FileEdit[];
      readonly open: readonly OpenFile[];
      /** What stays, outside the open places. */
      readonly listed: readonly Occurrence[];
      readonly warnings: readonly string[];
    }
  | { readonly type: 'ambiguous'; readonly choices: readonly SymbolChoice[] };

/** A type error or warning of the compiler, 1-based. */
export interface TypeDiagnostic extends Place {
  readonly code: number;
  readonly message: string;
}

/** A syntax error, 1-based. */
export interface ParseError {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** A 0-based position as servers count it. */
export interface Position {
  readonly line: number;
  readonly character: number;
}

/** Where a server says something is; `path` is absolute. */
export interface ServerLocation {
  readonly path: string;
  readonly start: Position;
  readonly end: Position;
}

/**
 * A running language server. Paths are absolute. Requests about a file that is not open are
 * allowed. Every call rejects with `language-server-failed` after its process has ended, a time-out
 * or an abort; `dispose` leaves no process behind and never rejects.
 */
export interface LanguageServer {
  readonly engine: Engine;
  open(path: string, text: string): void;
  /**
   * Takes files of no project below a folder, which has no configuration of its own, for one
   * project. Call it before opening them: many that are opened alone are very slow.
   */
  group(folder: string, paths: readonly string[]): void;
  change(path: string, text: string): void;
  definition(path: string, position: Position): Promise<readonly ServerLocation[]>;
  references(path: string, position: Position): Promise<readonly ServerLocation[]>;
  diagnostics(path: string): Promise<readonly TypeDiagnostic[]>;
  dispose(): Promise<void>;
}
