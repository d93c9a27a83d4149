/** Handlers for TypeScript's types and its declarations of types. */
import {
  ANY_MEANING,
  NAMESPACE,
  TYPE,
  VALUE,
  type Scope,
  nearestScope,
  openScope,
} from './scope.ts';
import {
  type SyntaxNode,
  allChildren,
  child,
  children,
  nameOf,
  stringValue,
} from './syntax-node.ts';
import { type Handler, declarePattern, visitSignature } from './visit-declarations.ts';
import {
  addMember,
  addModuleMember,
  declare,
  moduleName,
  refer,
  referToMembersOf,
  type Walk,
} from './walk.ts';

/** A name or a dotted name; the leftmost part is a use by scope. */
export function visitEntityName(
  walk: Walk,
  node: SyntaxNode | undefined,
  scope: Scope,
  meaning: number,
): void {
  if (!node) return;
  if (nameOf(node) !== undefined) {
    refer(walk, scope, node, meaning);
  } else if (node.type === 'TSQualifiedName') {
    const left = child(node, 'left');
    const name = nameOf(left);
    if (left && name !== undefined) referToMembersOf(walk, scope, left);
    else visitEntityName(walk, left, scope, NAMESPACE | VALUE);
    const site = addMember(walk, child(node, 'right'));
    const value = name === undefined ? undefined : ({ type: 'identifier', name } as const);
    if (site) addModuleMember(walk, scope, value, { name: site.name, node: site.index * 2 });
  } else {
    walk.visit(node, scope);
  }
}

/** `a<b>` as a type. */
export const visitTypeReference: Handler = (walk, node, scope) => {
  visitEntityName(walk, child(node, 'typeName'), scope, TYPE);
  walk.visit(child(node, 'typeArguments'), scope);
};

/** `typeof a`. */
export const visitTypeQuery: Handler = (walk, node, scope) => {
  visitEntityName(walk, child(node, 'exprName'), scope, VALUE);
  walk.visit(child(node, 'typeArguments'), scope);
};

/** `import('x').a.b`. */
export const visitImportType: Handler = (walk, node, scope) => {
  const from = moduleName(child(node, 'source'));
  let qualifier = child(node, 'qualifier');
  while (qualifier?.type === 'TSQualifiedName') {
    addMember(walk, child(qualifier, 'right'));
    qualifier = child(qualifier, 'left');
  }
  const site = addMember(walk, qualifier);
  if (site && from) walk.imports.push({ node: site.index * 2, name: site.name, from });
  walk.visit(child(node, 'source'), scope);
  walk.visit(child(node, 'typeArguments'), scope);
};

/** `extends a` of an interface and `implements a` of a class. */
export const visitHeritage: Handler = (walk, node, scope) => {
  const expression = child(node, 'expression');
  if (nameOf(expression) === undefined) walk.visit(expression, scope);
  else visitEntityName(walk, expression, scope, TYPE);
  walk.visit(child(node, 'typeArguments'), scope);
};

/** `interface a<T> extends b { }`. */
export const visitInterface: Handler = (walk, node, scope) => {
  const id = child(node, 'id');
  if (id) declare(walk, scope, id, { kind: 'interface', meaning: TYPE });
  const inside = openScope('type', scope);
  const before = walk.heritage;
  walk.containers.push(nameOf(id) ?? 'interface');
  walk.visit(child(node, 'typeParameters'), inside);
  for (const base of children(node, 'extends')) walk.visit(base, inside);
  walk.heritage = children(node, 'extends').length > 0;
  walk.visit(child(node, 'body'), inside);
  walk.heritage = before;
  walk.containers.pop();
};

/** `type a<T> = ...`. */
export const visitTypeAlias: Handler = (walk, node, scope) => {
  const id = child(node, 'id');
  if (id) declare(walk, scope, id, { kind: 'type', meaning: TYPE });
  const inside = openScope('type', scope);
  walk.containers.push(nameOf(id) ?? 'type');
  walk.visit(child(node, 'typeParameters'), inside);
  walk.visit(child(node, 'typeAnnotation'), inside);
  walk.containers.pop();
};

/** `enum a { b = 1 }`: inside, other members are in scope by their bare names. */
export const visitEnum: Handler = (walk, node, scope) => {
  const id = child(node, 'id');
  if (id) declare(walk, scope, id, { kind: 'enum', meaning: ANY_MEANING });
  const inside = openScope('enum', scope);
  const body = child(node, 'body') ?? node;
  walk.containers.push(nameOf(id) ?? 'enum');
  for (const member of children(body, 'members')) {
    addMember(walk, child(member, 'id'), 'enum member');
    walk.visit(child(member, 'initializer'), inside);
  }
  walk.containers.pop();
};

/** `namespace a.b { }`, `declare module 'x' { }`, `declare global { }`. */
export const visitNamespace: Handler = (walk, node, scope) => {
  const id = child(node, 'id');
  const isAmbient = id?.type === 'Literal' || node['kind'] === 'global';
  if (id && !isAmbient) declareNamespaceName(walk, id, scope);
  if (id?.type === 'Literal') walk.visit(id, scope);
  const inside = openScope(isAmbient ? 'ambient' : 'namespace', scope);
  walk.containers.push(nameOf(id) ?? stringValue(id) ?? 'namespace');
  const body = child(node, 'body');
  for (const statement of body ? children(body, 'body') : []) walk.visit(statement, inside);
  walk.containers.pop();
};

function declareNamespaceName(walk: Walk, id: SyntaxNode, scope: Scope): void {
  if (id.type === 'TSQualifiedName') {
    const left = child(id, 'left');
    if (left) declareNamespaceName(walk, left, scope);
    addMember(walk, child(id, 'right'), 'namespace');
  } else {
    declare(walk, scope, id, { kind: 'namespace', meaning: NAMESPACE | VALUE });
  }
}

/** `<T extends X = Y>`. */
export const visitTypeParameter: Handler = (walk, node, scope) => {
  const name = child(node, 'name');
  if (name) declare(walk, scope, name, { kind: 'type parameter', meaning: TYPE });
  walk.visit(child(node, 'constraint'), scope);
  walk.visit(child(node, 'default'), scope);
};

/** `infer a` belongs to the conditional type around it. */
export const visitInfer: Handler = (walk, node, scope) => {
  const parameter = child(node, 'typeParameter');
  if (parameter) visitTypeParameter(walk, parameter, nearestScope(scope, 'conditional'));
};

/** `A extends B ? C : D`; what B infers is known in C only. */
export const visitConditional: Handler = (walk, node, scope) => {
  const inside = openScope('conditional', scope);
  walk.visit(child(node, 'checkType'), scope);
  walk.visit(child(node, 'extendsType'), inside);
  walk.visit(child(node, 'trueType'), inside);
  walk.visit(child(node, 'falseType'), scope);
};

/** `{ [a in K as N]: T }`. */
export const visitMapped: Handler = (walk, node, scope) => {
  const inside = openScope('type', scope);
  const key = child(node, 'key');
  if (key) declare(walk, inside, key, { kind: 'type parameter', meaning: TYPE });
  walk.visit(child(node, 'constraint'), scope);
  walk.visit(child(node, 'nameType'), inside);
  walk.visit(child(node, 'typeAnnotation'), inside);
};

/** Function types and call, construct and method signatures. */
export const visitSignatureType: Handler = (walk, node, scope) => {
  const inside = openScope('function', scope);
  if (node.type === 'TSMethodSignature') {
    if (node['computed'] === true) walk.visit(child(node, 'key'), scope);
    else addMember(walk, child(node, 'key'), 'method');
  }
  visitSignature(walk, node, inside);
};

/** `a: T` in an interface or type literal. */
export const visitPropertySignature: Handler = (walk, node, scope) => {
  if (node['computed'] === true) walk.visit(child(node, 'key'), scope);
  else addMember(walk, child(node, 'key'), 'property');
  walk.visit(child(node, 'typeAnnotation'), scope);
};

/** `[key: string]: T`; the name of the key is only for readers. */
export const visitIndexSignature: Handler = (walk, node, scope) => {
  const inside = openScope('function', scope);
  for (const parameter of children(node, 'parameters')) {
    declarePattern(walk, parameter, { scope: inside, outer: inside, kind: 'parameter' });
  }
  walk.visit(child(node, 'typeAnnotation'), inside);
};

/** `T['a']`. */
export const visitIndexedAccess: Handler = (walk, node, scope) => {
  walk.visit(child(node, 'objectType'), scope);
  const index = child(node, 'indexType');
  const literal = index?.type === 'TSLiteralType' ? child(index, 'literal') : undefined;
  if (literal && stringValue(literal) !== undefined) addMember(walk, literal);
  else walk.visit(index, scope);
};

/** `x is T`, `asserts x`. */
export const visitPredicate: Handler = (walk, node, scope) => {
  const parameter = child(node, 'parameterName');
  if (nameOf(parameter) !== undefined) visitEntityName(walk, parameter, scope, VALUE);
  walk.visit(child(node, 'typeAnnotation'), scope);
};

/** Nodes that only open a scope for the types in them. */
export const visitChildren: Handler = (walk, node, scope) => {
  for (const part of allChildren(node)) walk.visit(part, scope);
};
