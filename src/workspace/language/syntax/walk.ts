/**
 * The state of one walk over a file and the few things a handler may record. Handlers get the walk
 * as their first argument and call `walk.visit` to go on, so that handler files need not know each
 * other.
 */
import type { ExportLink, ImportLink, Link, ModuleName, Role, Site } from './file-model.ts';
import { ANY_MEANING, NAMESPACE, VALUE, type Binding, type Scope, lookUp } from './scope.ts';
import { type SyntaxNode, child, children, nameOf, stringValue, unwrap } from './syntax-node.ts';

/** A use of a name that is resolved when all declarations are known. */
interface PendingReference {
  readonly scope: Scope;
  readonly name: string;
  readonly meaning: number;
  readonly site: MutableSite | undefined;
  /** The use reads a member or destructures, so a namespace object does not get away. */
  readonly consumes: boolean;
}

/** A node that is a member of the module object an identifier may stand for. */
interface PendingMember {
  readonly scope: Scope;
  readonly object: string;
  readonly node: number;
  readonly name: string;
  /** `{ a }` of a module: its local name follows the export. */
  readonly local: MutableSite | undefined;
}

/** A site while the walk still learns about it. */
export type MutableSite = { -readonly [Key in keyof Site]: Site[Key] };

/** What a declaration is, for people. */
export interface Declaration {
  readonly kind: string;
  readonly meaning: number;
}

/** The walk; see the top of the file. */
export interface Walk {
  readonly text: string;
  readonly wanted: ReadonlySet<string>;
  readonly sites: MutableSite[];
  readonly links: Link[];
  readonly imports: ImportLink[];
  readonly exports: ExportLink[];
  readonly stars: ModuleName[];
  readonly escapes: ModuleName[];
  readonly literals: { readonly start: number; readonly end: number }[];
  readonly references: PendingReference[];
  readonly members: PendingMember[];
  readonly consumed: Set<SyntaxNode>;
  readonly bindingKeys: Map<number, number>;
  /** Identifiers that are the module's default export (or all of its `module.exports`). */
  readonly defaults: SyntaxNode[];
  /** Those of them that are `module.exports`: their members are exports. */
  readonly commonDefaults: Set<SyntaxNode>;
  /** `require('./x').a` by its property node: the variable that is declared from it. */
  readonly requiredMembers: Map<SyntaxNode, MutableSite>;
  /** Exported members and the members they are read from: one symbol if that is of a module. */
  readonly passedOn: (readonly [number, number])[];
  /** Identifiers whose members all become exports, if they hold a module. */
  readonly spreads: { readonly scope: Scope; readonly name: string }[];
  /** Object literals assigned to `module.exports`. */
  readonly exportObjects: Set<SyntaxNode>;
  readonly containers: string[];
  heritage: boolean;
  hasComputedModule: boolean;
  bindingCount: number;
  visit(node: SyntaxNode | undefined, scope: Scope): void;
}

/** A walk that has seen nothing yet. */
export function createWalk(text: string, wanted: ReadonlySet<string>): Walk {
  return {
    text,
    wanted,
    sites: [],
    links: [],
    imports: [],
    exports: [],
    stars: [],
    escapes: [],
    literals: [],
    references: [],
    members: [],
    consumed: new Set(),
    bindingKeys: new Map(),
    defaults: [],
    commonDefaults: new Set(),
    requiredMembers: new Map(),
    exportObjects: new Set(),
    passedOn: [],
    spreads: [],
    containers: [],
    heritage: false,
    hasComputedModule: false,
    bindingCount: 0,
    visit: () => undefined,
  };
}

/** Records a place of a wanted name; other names give undefined. */
export function addSite(
  walk: Walk,
  name: string,
  start: number,
  role: Role,
): MutableSite | undefined {
  if (!walk.wanted.has(name) || !walk.text.startsWith(name, start)) return undefined;
  const site: MutableSite = {
    index: walk.sites.length,
    name,
    start,
    role,
    declares: undefined,
    container: undefined,
    level: role === 'binding' || role === 'reference' ? 'inner' : 'member',
    deferred: role === 'member' || role === 'object-shorthand' || role === 'pattern-shorthand',
    inherits: false,
    isAssigned: false,
  };
  walk.sites.push(site);
  return site;
}

/** Declares the name of an identifier in a scope; answers its site when the name is wanted. */
export function declare(
  walk: Walk,
  scope: Scope,
  identifier: SyntaxNode,
  declaration: Declaration,
): MutableSite | undefined {
  const name = nameOf(identifier) ?? '';
  const binding = bind(walk, scope, name, declaration.meaning);
  const site = addSite(walk, name, identifier.start, 'binding');
  if (site) describeBinding(walk, site, binding, declaration.kind);
  return site;
}

/** Makes a site the declaration of a binding. */
export function describeBinding(
  walk: Walk,
  site: MutableSite,
  binding: Binding,
  kind: string,
): void {
  site.declares = kind;
  site.container = walk.containers.at(-1);
  const open = ['global', 'namespace', 'ambient', 'enum'].includes(binding.scope.kind);
  site.level = open || binding.scope.kind === 'module' ? 'top' : 'inner';
  // Parts of a namespace or of the global scope may be declared elsewhere too.
  if (open) site.deferred = true;
  walk.bindingKeys.set(site.index, binding.key);
}

/** The binding of a name in a scope, made when it is new. */
export function bind(walk: Walk, scope: Scope, name: string, meaning: number): Binding {
  const known = scope.bindings.get(name);
  if (known) {
    known.meaning |= meaning;
    return known;
  }
  const key = (walk.bindingCount += 1);
  const binding: Binding = { key, name, scope, meaning, moduleName: undefined };
  scope.bindings.set(name, binding);
  return binding;
}

/** Records a use of a name by scope. */
export function refer(
  walk: Walk,
  scope: Scope,
  identifier: SyntaxNode,
  meaning: number,
): MutableSite | undefined {
  const name = nameOf(identifier) ?? '';
  const site = addSite(walk, name, identifier.start, 'reference');
  walk.references.push({ scope, name, meaning, site, consumes: false });
  return site;
}

/** Records a use that only reads members of what it names: no module object gets away by it. */
export function referToMembersOf(walk: Walk, scope: Scope, identifier: SyntaxNode): void {
  const name = nameOf(identifier) ?? '';
  const site = addSite(walk, name, identifier.start, 'reference');
  walk.references.push({ scope, name, meaning: NAMESPACE | VALUE, site, consumes: true });
}

/** Records a use whose site exists already (the local side of a shorthand). */
export function referAt(walk: Walk, scope: Scope, site: MutableSite, meaning: number): void {
  walk.references.push({ scope, name: site.name, meaning, site, consumes: false });
}

/** Records a property name, written as an identifier or as a string. */
export function addMember(
  walk: Walk,
  key: SyntaxNode | undefined,
  declares?: string,
): MutableSite | undefined {
  if (!key) return undefined;
  const name = nameOf(key) ?? (key.type === 'PrivateIdentifier' ? undefined : stringValue(key));
  if (key.type === 'PrivateIdentifier') return addPrivate(walk, key, declares);
  if (name === undefined) return undefined;
  const quoted = nameOf(key) === undefined;
  if (quoted) walk.literals.push({ start: key.start, end: key.end });
  const site = addSite(walk, name, key.start + (quoted ? 1 : 0), 'member');
  if (site && declares) {
    site.declares = declares;
    site.container = walk.containers.at(-1);
    site.inherits = walk.heritage;
  }
  return site;
}

function addPrivate(walk: Walk, key: SyntaxNode, declares?: string): MutableSite | undefined {
  const site = addSite(walk, String(key['name']), key.start + 1, 'private');
  if (!site) return undefined;
  site.deferred = true;
  site.declares = declares;
  site.container = walk.containers.at(-1);
  return site;
}

/** Two nodes that are one symbol. `exports` marks the link between a local and its export. */
export function link(walk: Walk, first: number, second: number, exports = false): void {
  walk.links.push({ first, second, exports });
}

/** The module an expression evaluates to the namespace of, or the identifier that may hold it. */
export type ModuleValue =
  | { readonly type: 'module'; readonly name: ModuleName; readonly isImport: boolean }
  | { readonly type: 'identifier'; readonly name: string };

/** Recognises `require('x')`, `await import('x')`, and plain identifiers. Marks them as consumed. */
export function moduleOf(walk: Walk, expression: SyntaxNode | undefined): ModuleValue | undefined {
  let node = unwrap(expression);
  let isImport = false;
  if (node?.type === 'AwaitExpression') {
    node = unwrap(child(node, 'argument'));
    if (node?.type !== 'ImportExpression') return undefined;
  }
  if (!node) return undefined;
  const name = nameOf(node);
  if (name !== undefined) return { type: 'identifier', name };
  const source = requiredModule(node) ?? ((isImport = true), importedModule(node));
  if (!source) return undefined;
  walk.consumed.add(node);
  return { type: 'module', name: source, isImport };
}

/** The module of `require('x')`. */
export function requiredModule(node: SyntaxNode): ModuleName | undefined {
  if (node.type !== 'CallExpression' || nameOf(child(node, 'callee')) !== 'require')
    return undefined;
  return moduleName(children(node, 'arguments')[0]);
}

/** The module of `import('x')`. */
export const importedModule = (node: SyntaxNode): ModuleName | undefined =>
  node.type === 'ImportExpression' ? moduleName(child(node, 'source')) : undefined;

/** The module a string names. */
export function moduleName(literal: SyntaxNode | undefined): ModuleName | undefined {
  const text = stringValue(literal);
  return literal && text !== undefined ? { text, offset: literal.start + 1 } : undefined;
}

/** Records that a node is the member `name` of a module value. */
export function addModuleMember(
  walk: Walk,
  scope: Scope,
  value: ModuleValue | undefined,
  site: { readonly name: string; readonly node: number; readonly local?: MutableSite },
): void {
  if (value?.type === 'module') {
    walk.imports.push({ node: site.node, name: site.name, from: value.name });
    if (site.local) importLocally(walk, site.local);
  } else if (value) {
    const { local } = site;
    walk.members.push({ scope, object: value.name, node: site.node, name: site.name, local });
  }
}

/** `const { a } = require('./x')` is how CommonJS imports: both sides are one symbol. */
function importLocally(walk: Walk, site: MutableSite): void {
  link(walk, site.index * 2, site.index * 2 + 1);
  site.declares = 'import';
}

/** Resolves everything that had to wait for the end of the walk. */
export function finishWalk(walk: Walk): void {
  const firstOf = new Map<number, number>();
  for (const [site, key] of walk.bindingKeys) {
    const first = firstOf.get(key);
    if (first === undefined) firstOf.set(key, site * 2);
    else link(walk, first, site * 2);
  }
  for (const reference of walk.references) {
    const { binding, leftNamespace } = lookUp(reference.scope, reference.name, reference.meaning);
    if (binding?.moduleName && !reference.consumes) walk.escapes.push(binding.moduleName);
    if (!reference.site) continue;
    const first = binding && firstOf.get(binding.key);
    if (!binding || leftNamespace) reference.site.deferred = true;
    if (!binding) continue;
    walk.bindingKeys.set(reference.site.index, binding.key);
    // Inside a namespace another part of it may declare the name: then the server decides.
    if (first !== undefined && !leftNamespace) link(walk, first, reference.site.index * 2);
  }
  for (const node of walk.defaults) {
    const site = walk.sites.find((each) => each.start === node.start);
    if (site) {
      walk.exports.push({
        node: site.index * 2,
        name: 'default',
        isTypeOnly: false,
        form: 'default',
      });
    }
  }
  finishModules(walk);
}

function finishModules(walk: Walk): void {
  const exported = new Set([...walk.commonDefaults].map((node) => nameOf(node)));
  for (const member of walk.members) {
    const { binding } = lookUp(member.scope, member.object, ANY_MEANING);
    const from = binding?.moduleName;
    if (!from && binding && exported.has(binding.name) && !member.local) {
      // `module.exports = make` makes `make.a` the export `a`.
      walk.exports.push({
        node: member.node,
        name: member.name,
        isTypeOnly: false,
        form: 'commonjs',
      });
    }
    if (!from) continue;
    walk.imports.push({ node: member.node, name: member.name, from });
    if (member.local) importLocally(walk, member.local);
  }
  for (const spread of walk.spreads) {
    const from = lookUp(spread.scope, spread.name, ANY_MEANING).binding?.moduleName;
    if (from) walk.stars.push(from);
  }
  const imported = new Set(walk.imports.map((each) => each.node));
  for (const [outer, member] of walk.passedOn) {
    if (imported.has(member)) link(walk, outer, member, true);
  }
}
