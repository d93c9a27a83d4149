/**
 * Handlers for what declares names by scope: variables and patterns, functions, classes, blocks.
 */
import type { MutableSite, ModuleValue, Walk } from './walk.ts';
import {
  addMember,
  addModuleMember,
  addSite,
  bind,
  declare,
  describeBinding,
  moduleOf,
  referToMembersOf,
  referAt,
} from './walk.ts';
import { TYPE, VALUE, type Scope, openScope, variableScope } from './scope.ts';
import {
  type SyntaxNode,
  allChildren,
  child,
  children,
  isExportsObject,
  nameOf,
} from './syntax-node.ts';

/** One handler: records what the node says and visits its children. */
export type Handler = (walk: Walk, node: SyntaxNode, scope: Scope) => void;

/** How the leaves of a pattern are declared. */
export interface PatternTarget {
  readonly scope: Scope;
  /** Where defaults and computed keys are evaluated. */
  readonly outer: Scope;
  readonly kind: string;
  /** Called for each declared name, e.g. to export it. */
  readonly onDeclare?: (site: MutableSite) => void;
  /** The module object that is taken apart. */
  readonly value?: ModuleValue | undefined;
}

/** Declares the names of a binding pattern. */
export function declarePattern(walk: Walk, node: SyntaxNode | undefined, to: PatternTarget): void {
  if (!node) return;
  walk.visit(child(node, 'typeAnnotation'), to.outer);
  for (const decorator of children(node, 'decorators')) walk.visit(decorator, to.outer);
  if (node.type === 'Identifier') {
    const site = declare(walk, to.scope, node, { kind: to.kind, meaning: VALUE });
    if (site) to.onDeclare?.(site);
  } else if (node.type === 'AssignmentPattern') {
    declarePattern(walk, child(node, 'left'), to);
    walk.visit(child(node, 'right'), to.outer);
  } else if (node.type === 'RestElement') {
    declarePattern(walk, child(node, 'argument'), withoutValue(to));
  } else if (node.type === 'ArrayPattern') {
    for (const element of children(node, 'elements')) {
      declarePattern(walk, element, withoutValue(to));
    }
  } else if (node.type === 'ObjectPattern') {
    for (const property of children(node, 'properties')) declareProperty(walk, property, to);
  } else if (node.type === 'TSParameterProperty') {
    declareParameterProperty(walk, node, to);
  }
}

const withoutValue = (to: PatternTarget): PatternTarget => ({ ...to, value: undefined });

function declareProperty(walk: Walk, property: SyntaxNode, to: PatternTarget): void {
  if (property.type === 'RestElement') return declarePattern(walk, property, to);
  const value = child(property, 'value');
  if (property['shorthand'] === true) {
    const leaf = value?.type === 'AssignmentPattern' ? child(value, 'left') : value;
    if (value?.type === 'AssignmentPattern') walk.visit(child(value, 'right'), to.outer);
    if (leaf) declareShorthand(walk, leaf, to);
    return;
  }
  const key = child(property, 'key');
  if (property['computed'] === true) walk.visit(key, to.outer);
  const site = property['computed'] === true ? undefined : addMember(walk, key);
  if (site) addModuleMember(walk, to.outer, to.value, { name: site.name, node: site.index * 2 });
  declarePattern(walk, value, withoutValue(to));
}

function declareShorthand(walk: Walk, leaf: SyntaxNode, to: PatternTarget): void {
  const name = nameOf(leaf) ?? '';
  const binding = bind(walk, to.scope, name, VALUE);
  const site = addSite(walk, name, leaf.start, 'pattern-shorthand');
  if (!site) return;
  describeBinding(walk, site, binding, to.kind);
  site.deferred = true;
  to.onDeclare?.(site);
  const node = site.index * 2 + 1;
  addModuleMember(walk, to.outer, to.value, { name, node, local: site });
}

function declareParameterProperty(walk: Walk, node: SyntaxNode, to: PatternTarget): void {
  const parameter = child(node, 'parameter');
  declarePattern(walk, parameter, {
    ...to,
    kind: 'property',
    onDeclare: (site) => {
      // One word is both the parameter and the property: they can only be renamed together.
      site.level = 'member';
      site.deferred = true;
      site.inherits = walk.heritage;
      site.container = walk.containers.at(-1);
    },
  });
}

/** `let`, `const`, `var`, `using`. */
export function visitVariables(
  walk: Walk,
  node: SyntaxNode,
  scope: Scope,
  onDeclare?: (site: MutableSite) => void,
): void {
  const target = node['kind'] === 'var' ? variableScope(scope) : scope;
  for (const declarator of children(node, 'declarations')) {
    const id = child(declarator, 'id');
    const init = child(declarator, 'init');
    const value = moduleOf(walk, init);
    const kind = isFunction(init) ? 'function' : 'variable';
    declarePattern(walk, id, {
      scope: target,
      outer: scope,
      kind,
      value,
      ...(onDeclare ? { onDeclare } : {}),
    });
    nameModuleObject(walk, target, id, value);
    // `const api = module.exports = {}`: members of the variable are exports.
    const isExports = init?.type === 'AssignmentExpression' && isExportsObject(child(init, 'left'));
    if (isExports && id) walk.commonDefaults.add(id);
    linkRequiredMember(walk, id, init);
    const name = nameOf(id);
    if (name !== undefined) walk.containers.push(name);
    if (value?.type === 'identifier' && id?.type === 'ObjectPattern')
      markConsumed(walk, scope, init);
    else walk.visit(init, scope);
    if (name !== undefined) walk.containers.pop();
  }
}

const isFunction = (node: SyntaxNode | undefined): boolean =>
  node?.type === 'ArrowFunctionExpression' || node?.type === 'FunctionExpression';

/** `const x = require('./x')` makes `x` the module's namespace object. */
function nameModuleObject(
  walk: Walk,
  scope: Scope,
  id: SyntaxNode | undefined,
  value: ModuleValue | undefined,
): void {
  const name = nameOf(id);
  const binding = name === undefined ? undefined : scope.bindings.get(name);
  if (!binding || !id || value?.type !== 'module') return;
  binding.moduleName = value.name;
  const site = walk.sites.findLast((each) => each.start === id.start);
  if (!site) return;
  site.declares = 'import';
  // `const a = require('./a')` where that module is `module.exports = a`.
  if (!value.isImport) {
    walk.imports.push({ node: site.index * 2, name: 'default', from: value.name });
  }
}

/** `const a = require('./x').a` imports, as `const { a } = require('./x')` does. */
function linkRequiredMember(
  walk: Walk,
  id: SyntaxNode | undefined,
  init: SyntaxNode | undefined,
): void {
  if (!id || init?.type !== 'MemberExpression' || init['computed'] === true) return;
  const property = child(init, 'property');
  if (nameOf(property) !== nameOf(id)) return;
  if (moduleOf(walk, child(init, 'object'))?.type !== 'module') return;
  const site = walk.sites.findLast((each) => each.start === id.start);
  if (site) {
    site.declares = 'import';
    walk.requiredMembers.set(property as SyntaxNode, site);
  }
}

function markConsumed(walk: Walk, scope: Scope, init: SyntaxNode | undefined): void {
  if (!init || nameOf(init) === undefined) walk.visit(init, scope);
  else referToMembersOf(walk, scope, init);
}

/** Functions of every form; the body shares the scope of the parameters. */
export function visitFunction(walk: Walk, node: SyntaxNode, scope: Scope): MutableSite | undefined {
  const id = child(node, 'id');
  const isExpression = node.type === 'FunctionExpression';
  const outside = isExpression && id ? openScope('block', scope) : scope;
  const site = id && declare(walk, outside, id, { kind: 'function', meaning: VALUE });
  const inside = openScope('function', outside);
  const name = nameOf(id);
  if (name !== undefined) walk.containers.push(name);
  visitSignature(walk, node, inside);
  const body = child(node, 'body');
  if (body?.type === 'BlockStatement') {
    for (const statement of children(body, 'body')) walk.visit(statement, inside);
  } else {
    walk.visit(body, inside);
  }
  if (name !== undefined) walk.containers.pop();
  return site;
}

/** Type parameters, parameters and the return type, declared in `inside`. */
export function visitSignature(walk: Walk, node: SyntaxNode, inside: Scope): void {
  walk.visit(child(node, 'typeParameters'), inside);
  for (const parameter of [...children(node, 'params'), ...children(node, 'parameters')]) {
    declarePattern(walk, parameter, { scope: inside, outer: inside, kind: 'parameter' });
  }
  walk.visit(child(node, 'returnType'), inside);
}

/** Class declarations and expressions. */
export function visitClass(walk: Walk, node: SyntaxNode, scope: Scope): MutableSite | undefined {
  for (const decorator of children(node, 'decorators')) walk.visit(decorator, scope);
  const id = child(node, 'id');
  const outside = node.type === 'ClassExpression' && id ? openScope('block', scope) : scope;
  const site = id && declare(walk, outside, id, { kind: 'class', meaning: VALUE | TYPE });
  const inside = openScope('type', outside);
  const before = walk.heritage;
  walk.containers.push(nameOf(id) ?? walk.containers.at(-1) ?? 'class');
  walk.visit(child(node, 'typeParameters'), inside);
  walk.visit(child(node, 'superClass'), inside);
  walk.visit(child(node, 'superTypeArguments'), inside);
  for (const implemented of children(node, 'implements')) walk.visit(implemented, inside);
  walk.heritage = Boolean(node['superClass']) || children(node, 'implements').length > 0;
  walk.visit(child(node, 'body'), inside);
  walk.heritage = before;
  walk.containers.pop();
  return site;
}

/** Methods, fields and accessors of a class. */
export const visitClassMember: Handler = (walk, node, scope) => {
  for (const decorator of children(node, 'decorators')) walk.visit(decorator, scope);
  const kind = node.type.includes('Method') ? 'method' : 'property';
  if (node['computed'] === true) walk.visit(child(node, 'key'), scope);
  else addMember(walk, child(node, 'key'), kind);
  walk.visit(child(node, 'typeAnnotation'), scope);
  walk.visit(child(node, 'value'), openScope('function', scope));
};

/** Anything that opens a block scope: blocks, loops, switch. */
export const visitBlock: Handler = (walk, node, scope) => {
  const inside = openScope(node.type === 'StaticBlock' ? 'function' : 'block', scope);
  for (const part of allChildren(node)) walk.visit(part, inside);
};

/** `catch (e) { }`. */
export const visitCatch: Handler = (walk, node, scope) => {
  const inside = openScope('block', scope);
  declarePattern(walk, child(node, 'param'), { scope: inside, outer: inside, kind: 'variable' });
  walk.visit(child(node, 'body'), inside);
};

/** An object pattern on the left of an assignment: its leaves are uses, not declarations. */
export const visitAssignedPattern: Handler = (walk, node, scope) => {
  for (const property of children(node, 'properties')) {
    const value = child(property, 'value');
    if (property['shorthand'] !== true) {
      if (property['computed'] === true) walk.visit(child(property, 'key'), scope);
      else addMember(walk, child(property, 'key'));
      walk.visit(value ?? child(property, 'argument'), scope);
      continue;
    }
    const leaf = value?.type === 'AssignmentPattern' ? child(value, 'left') : value;
    if (value?.type === 'AssignmentPattern') walk.visit(child(value, 'right'), scope);
    const site = leaf && addSite(walk, nameOf(leaf) ?? '', leaf.start, 'pattern-shorthand');
    if (site) referAt(walk, scope, site, VALUE);
  }
};
