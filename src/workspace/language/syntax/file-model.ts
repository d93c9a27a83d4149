/**
 * What a rename knows of one source file: its places of the wanted names ("sites"), which of them
 * are one by scope ("links"), imports and exports. In `{ a }` or `import { a }` one word is two
 * symbols: side 0 ("inner") is the local name, side 1 ("outer") the property, imported or exported
 * one. A node is `site.index * 2 + side`. Only data; `analyze-file.ts` makes it.
 */

/** How the word is used. */
export type Role =
  | 'binding'
  | 'reference'
  | 'member'
  | 'import'
  | 'export'
  | 'object-shorthand'
  | 'pattern-shorthand'
  | 'private'
  | 'label'
  | 'jsdoc'
  | 'exact-string';

/** One place of a wanted name in code. */
export interface Site {
  readonly index: number;
  readonly name: string;
  /** Offset of the first character of the name (after `#` or a quote). */
  readonly start: number;
  readonly role: Role;
  /** The kind of thing declared here, e.g. `function`, `method`; undefined for a use. */
  readonly declares: string | undefined;
  /** The class, interface, function or namespace around a declaration. */
  readonly container: string | undefined;
  /** `top` is module or script level, `inner` is any other scope, `member` a property. */
  readonly level: 'top' | 'inner' | 'member';
  /** Its meaning can't be told by scope alone: the server must be asked. */
  readonly deferred: boolean;
  /** The member belongs to a class or interface with `extends` or `implements`. */
  readonly inherits: boolean;
  /** The member is assigned to, which in JavaScript may be what declares it. */
  readonly isAssigned: boolean;
}

/** A module named in the file; `offset` points into the string, for asking the server. */
export interface ModuleName {
  readonly text: string;
  readonly offset: number;
}

/** Two nodes that are one symbol; `exports` marks the link between a local and its export. */
export interface Link {
  readonly first: number;
  readonly second: number;
  readonly exports: boolean;
}

/** "This node is the export `name` of that module". */
export interface ImportLink {
  readonly node: number;
  readonly name: string;
  readonly from: ModuleName;
}

/** "This node is an export of this file, called `name`". */
export interface ExportLink {
  readonly node: number;
  readonly name: string;
  /** Only a type is declared, so an alias must be `export type`. */
  readonly isTypeOnly: boolean;
  readonly form: 'declaration' | 'specifier' | 'commonjs' | 'default' | 'ambient';
}

/** All that is known of a file. */
export interface FileModel {
  readonly sites: readonly Site[];
  readonly links: readonly Link[];
  readonly imports: readonly ImportLink[];
  readonly exports: readonly ExportLink[];
  /** Modules whose every export is an export of this file too. */
  readonly stars: readonly ModuleName[];
  /** Modules whose namespace object is passed on as a value. */
  readonly escapes: readonly ModuleName[];
  /** A module is loaded by a computed name, so its members can't be followed. */
  readonly hasComputedModule: boolean;
  /** Offsets of wanted words by what they stand in, for those that are not a site. */
  readonly wordClass: (offset: number) => 'comment' | 'string' | 'code';
  /** The key of the binding a lexical node belongs to, for comparing two versions of a file. */
  readonly bindingOf: (site: Site) => number | undefined;
  readonly parseErrors: readonly string[];
}

/** The inner (local) node of a site. */
export const innerNode = (site: Site): number => site.index * 2;

/** The outer (property, imported, exported) node of a site. */
export const outerNode = (site: Site): number => site.index * 2 + 1;
