/**
 * Handlers for expressions: member access, object literals, CommonJS exports, dynamic imports, JSX.
 */
import { type Scope, VALUE, openScope } from './scope.ts';
import {
  type SyntaxNode,
  child,
  children,
  isExportsObject,
  nameOf,
  stringValue,
  unwrap,
} from './syntax-node.ts';
import { type Handler, declarePattern } from './visit-declarations.ts';
import {
  addMember,
  addModuleMember,
  addSite,
  bind,
  importedModule,
  link,
  moduleOf,
  refer,
  referToMembersOf,
  referAt,
  requiredModule,
  type ModuleValue,
  type MutableSite,
  type Walk,
} from './walk.ts';

/** A plain use of a name. */
export const visitIdentifier: Handler = (walk, node, scope) => {
  walk.visit(child(node, 'typeAnnotation'), scope);
  refer(walk, scope, node, VALUE);
};

/** `x.a`, `x['a']`, `x.#a`. */
export const visitMember: Handler = (walk, node, scope) => {
  const object = child(node, 'object');
  const property = child(node, 'property');
  const value = moduleOf(walk, object);
  visitObject(walk, object, scope);
  const isName = node['computed'] !== true || stringValue(property) !== undefined;
  if (!isName || !property) return walk.visit(property, scope);
  const site = addMember(walk, property);
  if (!site) return;
  addModuleMember(walk, scope, value, { name: site.name, node: site.index * 2 });
  if (isExportsObject(object)) addCommonExport(walk, site);
  const variable = walk.requiredMembers.get(property);
  if (variable) link(walk, variable.index * 2, site.index * 2);
};

/** Visits the object of a member access; a namespace object does not get away by that. */
export function visitObject(walk: Walk, object: SyntaxNode | undefined, scope: Scope): void {
  const inner = unwrap(object);
  // Casts around the object hold types that must be seen as well.
  for (let at = object; at && at !== inner; at = child(at, 'expression')) {
    walk.visit(child(at, 'typeAnnotation'), scope);
  }
  if (inner && nameOf(inner) !== undefined) referToMembersOf(walk, scope, inner);
  else walk.visit(inner, scope);
}

function addCommonExport(walk: Walk, site: MutableSite, node = site.index * 2): void {
  walk.exports.push({ node, name: site.name, isTypeOnly: false, form: 'commonjs' });
}

/** Assignments; `exports.a = a` and `module.exports = ...` are exports. */
export const visitAssignment: Handler = (walk, node, scope) => {
  const left = child(node, 'left');
  const right = child(node, 'right');
  const isNamed = left?.type === 'MemberExpression' && isExportsObject(child(left, 'object'));
  const before = walk.sites.length;
  walk.visit(left, scope);
  const exported = isNamed && walk.sites.length > before ? walk.sites.at(-1) : undefined;
  if (isExportsObject(left)) exportObject(walk, lastAssigned(right), scope);
  if (left?.type === 'MemberExpression' && !isNamed) noteAssigned(walk, left, before);
  const from = walk.sites.length;
  walk.visit(right, scope);
  if (!exported) return;
  exported.declares = 'export';
  exported.level = 'top';
  linkSameName(walk, exported, lastAssigned(right), from);
};

/** `Foo.prototype.a = ...` and `api.a = ...`: the server will tell whether this declares it. */
function noteAssigned(walk: Walk, left: SyntaxNode, from: number): void {
  const property = child(left, 'property');
  const site = walk.sites.slice(from).find((each) => each.start === property?.start);
  if (!site) return;
  site.isAssigned = true;
  let object = child(left, 'object');
  while (object?.type === 'MemberExpression') object = child(object, 'object');
  site.container = nameOf(object) ?? walk.containers.at(-1);
}

/** The value at the end of `a = b = value`. */
function lastAssigned(node: SyntaxNode | undefined): SyntaxNode | undefined {
  let at = unwrap(node);
  while (at?.type === 'AssignmentExpression') at = unwrap(child(at, 'right'));
  return at;
}

/** `exports.a = a`, `{ a: a }`, `exports.a = function a() {}`: the value has the export's name. */
function linkSameName(
  walk: Walk,
  exported: MutableSite,
  value: SyntaxNode | undefined,
  from: number,
): void {
  const isMember = value?.type === 'MemberExpression' && value['computed'] !== true;
  const id =
    value?.type === 'Identifier' ? value : value && child(value, isMember ? 'property' : 'id');
  if (!id || nameOf(id) !== exported.name) return;
  const site = walk.sites.slice(from).find((each) => each.start === id.start);
  if (!site) return;
  if (isMember) walk.passedOn.push([exported.index * 2, site.index * 2]);
  else link(walk, exported.index * 2, site.index * 2, true);
}

/** `module.exports = value`. */
function exportObject(walk: Walk, value: SyntaxNode | undefined, scope: Scope): void {
  if (value?.type === 'ObjectExpression') walk.exportObjects.add(value);
  const module = moduleOf(walk, value);
  if (module) passOn(walk, module, scope);
  const id = module ? value : value && child(value, 'id');
  if (!id || module?.type === 'module') return;
  walk.defaults.push(id);
  walk.commonDefaults.add(id);
}

/** Object literals; that of `module.exports = {}` holds exports. */
export const visitObjectLiteral: Handler = (walk, node, scope) => {
  const isExports = walk.exportObjects.has(node);
  for (const property of children(node, 'properties')) {
    if (property.type === 'SpreadElement') visitSpread(walk, property, scope, isExports);
    else visitObjectProperty(walk, property, scope, isExports);
  }
};

function visitSpread(walk: Walk, node: SyntaxNode, scope: Scope, isExports: boolean): void {
  const argument = child(node, 'argument');
  const value = isExports ? moduleOf(walk, argument) : undefined;
  if (value) passOn(walk, value, scope);
  if (argument && value?.type === 'identifier') referToMembersOf(walk, scope, argument);
  else walk.visit(argument, scope);
}

/** All members of a module become exports of this one. */
function passOn(walk: Walk, value: ModuleValue, scope: Scope): void {
  if (value.type === 'module') walk.stars.push(value.name);
  else walk.spreads.push({ scope, name: value.name });
}

function visitObjectProperty(walk: Walk, node: SyntaxNode, scope: Scope, isExports: boolean): void {
  const key = child(node, 'key');
  const value = child(node, 'value');
  if (node['shorthand'] === true) {
    const site = key && addSite(walk, nameOf(key) ?? '', key.start, 'object-shorthand');
    if (!site) {
      if (key) refer(walk, scope, key, VALUE);
      return;
    }
    referAt(walk, scope, site, VALUE);
    site.container = walk.containers.at(-1);
    if (isExports) {
      link(walk, site.index * 2, site.index * 2 + 1, true);
      addCommonExport(walk, site, site.index * 2 + 1);
    }
    return;
  }
  if (node['computed'] === true && stringValue(key) === undefined) walk.visit(key, scope);
  const site =
    node['computed'] === true && stringValue(key) === undefined
      ? undefined
      : addMember(walk, key, node['method'] === true ? 'method' : 'property');
  const from = walk.sites.length;
  const name = nameOf(key);
  if (name !== undefined) walk.containers.push(name);
  walk.visit(value, scope);
  if (name !== undefined) walk.containers.pop();
  if (!site || !isExports) return;
  site.level = 'top';
  addCommonExport(walk, site);
  linkSameName(walk, site, value, from);
}

/** Calls: `require`, `import().then(...)`, `Object.assign(exports, require())`. */
export const visitCall: Handler = (walk, node, scope) => {
  const callee = child(node, 'callee');
  const list = children(node, 'arguments');
  if (nameOf(callee) === 'require') noteRequire(walk, node);
  const isAssign =
    callee?.type === 'MemberExpression' &&
    nameOf(child(callee, 'object')) === 'Object' &&
    nameOf(child(callee, 'property')) === 'assign';
  if ((isAssign && isExportsObject(list[0])) || /^__exportStar$/.test(nameOf(callee) ?? '')) {
    for (const argument of list) {
      if (argument.type === 'ObjectExpression') walk.exportObjects.add(argument);
      const value = moduleOf(walk, argument);
      if (value && argument !== list[0]) passOn(walk, value, scope);
    }
  }
  const imported = thenOfImport(callee);
  if (imported) walk.consumed.add(imported.node);
  walk.visit(callee, scope);
  walk.visit(child(node, 'typeArguments'), scope);
  for (const [index, argument] of list.entries()) {
    if (index === 1 && visitNamedMember(walk, node, scope)) continue;
    if (index === 0 && imported && isCallback(argument)) {
      visitImportCallback(walk, argument, scope, imported.node);
    } else {
      walk.visit(argument, scope);
    }
  }
};

/** Calls whose second argument names a member of the first: test doubles. */
const MEMBER_CALLS = /^(?:spyOn|method|getter|setter|stub|spy|replace)$/;

/** `Object.defineProperty(exports, 'a', ...)` and `mock.method(module, 'a')`. */
function visitNamedMember(walk: Walk, node: SyntaxNode, scope: Scope): boolean {
  const callee = child(node, 'callee');
  const [object, name] = children(node, 'arguments');
  if (callee?.type !== 'MemberExpression' || stringValue(name) === undefined) return false;
  const called = nameOf(child(callee, 'property')) ?? '';
  const isExport = called === 'defineProperty' && isExportsObject(object);
  if (!isExport && !MEMBER_CALLS.test(called)) return false;
  const value = isExport ? undefined : moduleOf(walk, object);
  if (!isExport && !value) return false;
  const site = addMember(walk, name, isExport ? 'export' : undefined);
  if (!site) return false;
  site.deferred = isExport;
  if (isExport) {
    site.level = 'top';
    addCommonExport(walk, site);
  } else {
    addModuleMember(walk, scope, value, { name: site.name, node: site.index * 2 });
  }
  return true;
}

function noteRequire(walk: Walk, node: SyntaxNode): void {
  const name = requiredModule(node);
  if (!name) walk.hasComputedModule = true;
  else if (!walk.consumed.has(node)) walk.escapes.push(name);
}

/** `import('x')` whose value nobody has taken apart. */
export const visitImportCall: Handler = (walk, node, scope) => {
  const name = importedModule(node);
  if (!name) walk.hasComputedModule = true;
  else if (!walk.consumed.has(node)) walk.escapes.push(name);
  walk.visit(child(node, 'source'), scope);
  walk.visit(child(node, 'options'), scope);
};

/** A statement that only loads a module passes nothing on. */
export const visitExpressionStatement: Handler = (walk, node, scope) => {
  const expression = unwrap(child(node, 'expression'));
  if (expression && nameOf(expression) === undefined) moduleOf(walk, expression);
  walk.visit(child(node, 'expression'), scope);
};

function thenOfImport(callee: SyntaxNode | undefined): { node: SyntaxNode } | undefined {
  if (callee?.type !== 'MemberExpression' || nameOf(child(callee, 'property')) !== 'then') {
    return undefined;
  }
  const object = unwrap(child(callee, 'object'));
  return object?.type === 'ImportExpression' && importedModule(object)
    ? { node: object }
    : undefined;
}

const isCallback = (node: SyntaxNode): boolean =>
  node.type === 'ArrowFunctionExpression' || node.type === 'FunctionExpression';

/** `import('x').then((m) => m.a)` and `.then(({ a }) => a)`. */
function visitImportCallback(
  walk: Walk,
  callback: SyntaxNode,
  scope: Scope,
  importNode: SyntaxNode,
): void {
  const name = importedModule(importNode);
  const [first, ...rest] = children(callback, 'params');
  const inside = openScope('function', scope);
  if (first && name) {
    // A parameter is not an import statement: its own name stays, so no value is linked to it.
    const holder = `\0import:${importNode.start}`;
    bind(walk, inside, holder, VALUE).moduleName = name;
    declarePattern(walk, first, {
      scope: inside,
      outer: inside,
      kind: 'parameter',
      value: { type: 'identifier', name: holder },
    });
    const parameter = inside.bindings.get(nameOf(first) ?? '');
    if (parameter) parameter.moduleName = name;
  }
  for (const parameter of rest) {
    declarePattern(walk, parameter, { scope: inside, outer: inside, kind: 'parameter' });
  }
  walk.visit(child(callback, 'returnType'), inside);
  walk.visit(child(callback, 'body'), inside);
}

/** The name of a JSX element: lower case is an intrinsic element, else a use. */
export const visitJsxElementName: Handler = (walk, node, scope) => {
  const name = child(node, 'name');
  if (name?.type === 'JSXIdentifier') {
    if (/^[a-z]/.test(nameOf(name) ?? '')) addMember(walk, name);
    else refer(walk, scope, name, VALUE);
  } else {
    walk.visit(name, scope);
  }
  walk.visit(child(node, 'typeArguments'), scope);
  for (const attribute of children(node, 'attributes')) walk.visit(attribute, scope);
};

/** `<ns.a />`. */
export const visitJsxMember: Handler = (walk, node, scope) => {
  const object = child(node, 'object');
  const value = moduleOf(walk, object);
  if (object?.type === 'JSXIdentifier') referToMembersOf(walk, scope, object);
  else walk.visit(object, scope);
  const site = addMember(walk, child(node, 'property'));
  if (site) addModuleMember(walk, scope, value, { name: site.name, node: site.index * 2 });
};

/** `<x a={1} />`. */
export const visitJsxAttribute: Handler = (walk, node, scope) => {
  const name = child(node, 'name');
  if (name?.type === 'JSXIdentifier') addMember(walk, name);
  walk.visit(child(node, 'value'), scope);
};

/** `#a in x`. */
export const visitPrivateName: Handler = (walk, node) => void addMember(walk, node);

/** Labels are names of their own. */
export const visitLabel: Handler = (walk, node, scope) => {
  const label = child(node, 'label');
  if (label) addSite(walk, nameOf(label) ?? '', label.start, 'label');
  walk.visit(child(node, 'body'), scope);
  walk.visit(child(node, 'elementType'), scope);
};

/** Strings, templates and regular expressions: what stands in them is text. */
export const visitLiteral: Handler = (walk, node) => {
  if (typeof node['value'] === 'number') return;
  walk.literals.push({ start: node.start, end: node.end });
  const text = stringValue(node);
  if (text !== undefined) addSite(walk, text, node.start + 1, 'exact-string');
};
