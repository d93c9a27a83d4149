/**
 * Lexical scopes of JavaScript and TypeScript. A name may mean a value, a type and a namespace at
 * once; declarations of one name in one scope are one binding, as in the compiler. References are
 * resolved after the walk because declarations are hoisted.
 */

/** A name can be a value: one bit of what it means. */
export const VALUE = 1;
/** It can stand in a type. */
export const TYPE = 2;
/** It can stand before a dot in a type. */
export const NAMESPACE = 4;
/** All three, as for an import. */
export const ANY_MEANING = 7;

/** What opened a scope. `namespace` and `enum` bodies also see names of their other parts. */
export type ScopeKind =
  | 'global'
  | 'module'
  | 'function'
  | 'block'
  | 'namespace'
  | 'enum'
  | 'ambient'
  | 'conditional'
  | 'type';

/** One scope with its names. */
export interface Scope {
  readonly kind: ScopeKind;
  readonly parent: Scope | undefined;
  readonly bindings: Map<string, Binding>;
}

/** One declared name of a scope. */
export interface Binding {
  readonly key: number;
  readonly name: string;
  readonly scope: Scope;
  meaning: number;
  /** The module it is the namespace object of (`import * as x`, `x = require()`). */
  moduleName: { readonly text: string; readonly offset: number } | undefined;
}

/** A new scope below `parent`. */
export const openScope = (kind: ScopeKind, parent: Scope | undefined): Scope => ({
  kind,
  parent,
  bindings: new Map(),
});

/** The scope that `var` declares in. */
export function variableScope(scope: Scope): Scope {
  let at = scope;
  while ((at.kind === 'block' || at.kind === 'type') && at.parent) at = at.parent;
  return at;
}

/** The nearest scope of a kind, else the given one. */
export function nearestScope(scope: Scope, kind: ScopeKind): Scope {
  for (let at: Scope | undefined = scope; at; at = at.parent) if (at.kind === kind) return at;
  return scope;
}

/** Where a name leads, and whether a namespace or enum body was left on the way. */
export interface Lookup {
  readonly binding: Binding | undefined;
  readonly leftNamespace: boolean;
}

/** Resolves a name by its meaning, from the inside out. */
export function lookUp(scope: Scope, name: string, meaning: number): Lookup {
  let leftNamespace = false;
  for (let at: Scope | undefined = scope; at; at = at.parent) {
    const binding = at.bindings.get(name);
    if (binding && (binding.meaning & meaning) !== 0) return { binding, leftNamespace };
    if (at.kind === 'namespace' || at.kind === 'enum' || at.kind === 'ambient')
      leftNamespace = true;
  }
  return { binding: undefined, leftNamespace };
}
