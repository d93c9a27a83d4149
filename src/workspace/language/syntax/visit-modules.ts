/** Handlers for what a file imports and exports. */
import { ANY_MEANING, type Scope } from './scope.ts';
import { type SyntaxNode, child, children, nameOf, stringValue } from './syntax-node.ts';
import { type Handler, visitClass, visitFunction, visitVariables } from './visit-declarations.ts';
import { visitEntityName } from './visit-types.ts';
import {
  addMember,
  addSite,
  bind,
  declare,
  describeBinding,
  link,
  moduleName,
  refer,
  referAt,
  type MutableSite,
  type Walk,
} from './walk.ts';

const IMPORT = { kind: 'import', meaning: ANY_MEANING };

/** `import a, { b as c }, * as d from 'x'`. */
export const visitImport: Handler = (walk, node, scope) => {
  const from = moduleName(child(node, 'source'));
  for (const specifier of children(node, 'specifiers')) {
    const local = child(specifier, 'local');
    if (!local || !from) continue;
    if (specifier.type === 'ImportSpecifier') importName(walk, specifier, scope, from);
    else {
      const site = declare(walk, scope, local, IMPORT);
      if (specifier.type === 'ImportNamespaceSpecifier') {
        bind(walk, scope, nameOf(local) ?? '', ANY_MEANING).moduleName = from;
      } else if (site) {
        walk.imports.push({ node: site.index * 2, name: 'default', from });
      }
    }
  }
  visitSource(walk, node, scope);
};

/** The module string and its attributes are text. */
function visitSource(walk: Walk, node: SyntaxNode, scope: Scope): void {
  walk.visit(child(node, 'source'), scope);
  for (const attribute of children(node, 'attributes'))
    walk.visit(child(attribute, 'value'), scope);
}

function importName(
  walk: Walk,
  specifier: SyntaxNode,
  scope: Scope,
  from: { readonly text: string; readonly offset: number },
): void {
  const imported = child(specifier, 'imported');
  const local = child(specifier, 'local');
  if (!imported || !local) return;
  const name = nameOf(imported) ?? stringValue(imported) ?? '';
  if (imported.start !== local.start) {
    declare(walk, scope, local, { ...IMPORT, kind: 'alias' });
    const site = addMember(walk, imported);
    if (site) walk.imports.push({ node: site.index * 2, name, from });
    return;
  }
  const binding = bind(walk, scope, name, ANY_MEANING);
  const site = addSite(walk, name, local.start, 'import');
  if (!site) return;
  describeBinding(walk, site, binding, 'import');
  link(walk, site.index * 2, site.index * 2 + 1);
  walk.imports.push({ node: site.index * 2 + 1, name, from });
}

/** `export const a`, `export { a as b }`, `export { a } from 'x'`. */
export const visitNamedExport: Handler = (walk, node, scope) => {
  const from = moduleName(child(node, 'source'));
  const isAmbient = scope.kind === 'ambient' || scope.kind === 'namespace';
  for (const specifier of children(node, 'specifiers')) {
    if (from) reexportName(walk, specifier, from);
    else exportName(walk, specifier, scope, isAmbient);
  }
  visitSource(walk, node, scope);
  const declaration = child(node, 'declaration');
  if (!declaration) return;
  const before = walk.sites.length;
  const onDeclare = (site: MutableSite): void => {
    if (!isAmbient) exportDeclared(walk, site, false);
  };
  if (declaration.type === 'VariableDeclaration') {
    return visitVariables(walk, declaration, scope, onDeclare);
  }
  walk.visit(declaration, scope);
  const id = child(declaration, 'id');
  const site = walk.sites.slice(before).find((each) => each.start === id?.start);
  if (site && !isAmbient) exportDeclared(walk, site, isTypeOnly(declaration));
};

const isTypeOnly = (node: SyntaxNode): boolean =>
  node.type === 'TSInterfaceDeclaration' || node.type === 'TSTypeAliasDeclaration';

function exportDeclared(walk: Walk, site: MutableSite, typeOnly: boolean): void {
  const node = site.index * 2;
  walk.exports.push({ node, name: site.name, isTypeOnly: typeOnly, form: 'declaration' });
}

function exportName(walk: Walk, specifier: SyntaxNode, scope: Scope, isAmbient: boolean): void {
  const local = child(specifier, 'local');
  const exported = child(specifier, 'exported');
  if (!local || !exported) return;
  const form = isAmbient ? 'ambient' : 'specifier';
  if (local.start === exported.start) {
    const name = nameOf(local) ?? '';
    const site = addSite(walk, name, local.start, 'export');
    if (!site) return void refer(walk, scope, local, ANY_MEANING);
    referAt(walk, scope, site, ANY_MEANING);
    link(walk, site.index * 2, site.index * 2 + 1, true);
    walk.exports.push({ node: site.index * 2 + 1, name, isTypeOnly: false, form });
    return;
  }
  const reference = refer(walk, scope, local, ANY_MEANING);
  const name = nameOf(exported) ?? stringValue(exported);
  if (name === 'default') {
    if (reference) walk.defaults.push(local);
    return;
  }
  declareExport(walk, exported, form);
}

function declareExport(
  walk: Walk,
  exported: SyntaxNode,
  form: 'specifier' | 'ambient',
): MutableSite | undefined {
  const site = addMember(walk, exported, 'export');
  if (!site) return undefined;
  site.level = 'top';
  walk.exports.push({ node: site.index * 2, name: site.name, isTypeOnly: false, form });
  return site;
}

function reexportName(
  walk: Walk,
  specifier: SyntaxNode,
  from: { readonly text: string; readonly offset: number },
): void {
  const local = child(specifier, 'local');
  const exported = child(specifier, 'exported');
  if (!local || !exported) return;
  const name = nameOf(local) ?? stringValue(local) ?? '';
  if (local.start !== exported.start) {
    const site = addMember(walk, local);
    if (site) walk.imports.push({ node: site.index * 2, name, from });
    const outer = declareExport(walk, exported, 'specifier');
    // `export { default as a } from './a'` where that default is called `a`.
    if (outer && name === 'default') {
      walk.imports.push({ node: outer.index * 2, name: 'default', from });
    }
    return;
  }
  const site = addSite(walk, name, local.start, 'export');
  if (!site) return;
  site.deferred = true;
  link(walk, site.index * 2, site.index * 2 + 1);
  walk.imports.push({ node: site.index * 2, name, from });
  const node = site.index * 2 + 1;
  walk.exports.push({ node, name, isTypeOnly: false, form: 'specifier' });
}

/** `export * from 'x'` and `export * as a from 'x'`. */
export const visitExportAll: Handler = (walk, node, scope) => {
  const from = moduleName(child(node, 'source'));
  const exported = child(node, 'exported');
  if (exported) {
    declareExport(walk, exported, 'specifier');
    // Members are read through the name: `import { ns } from` and then `ns.a`.
    if (from) walk.escapes.push(from);
  } else if (from) {
    walk.stars.push(from);
  }
  visitSource(walk, node, scope);
};

/** `export default ...`. */
export const visitDefaultExport: Handler = (walk, node, scope) => {
  const declaration = child(node, 'declaration');
  if (!declaration) return;
  const id = nameOf(declaration) === undefined ? child(declaration, 'id') : declaration;
  if (declaration.type === 'FunctionDeclaration') visitFunction(walk, declaration, scope);
  else if (declaration.type === 'ClassDeclaration') visitClass(walk, declaration, scope);
  else walk.visit(declaration, scope);
  if (id) walk.defaults.push(id);
};

/** `export = a`. */
export const visitExportEquals: Handler = (walk, node, scope) => {
  const expression = child(node, 'expression');
  if (expression && nameOf(expression) !== undefined) {
    refer(walk, scope, expression, ANY_MEANING);
    walk.defaults.push(expression);
  } else {
    walk.visit(expression, scope);
  }
};

/** `import a = require('x')` and `import a = b.c`. */
export const visitImportEquals: Handler = (walk, node, scope) => {
  const id = child(node, 'id');
  const reference = child(node, 'moduleReference');
  if (!id || !reference) return;
  const site = declare(walk, scope, id, IMPORT);
  if (reference.type !== 'TSExternalModuleReference') {
    if (site) site.declares = 'alias';
    return visitEntityName(walk, reference, scope, ANY_MEANING);
  }
  const from = moduleName(child(reference, 'expression'));
  if (!from) return;
  bind(walk, scope, nameOf(id) ?? '', ANY_MEANING).moduleName = from;
  if (site) walk.imports.push({ node: site.index * 2, name: 'default', from });
  walk.visit(child(reference, 'expression'), scope);
};

/** `export as namespace a`: a global name of a library. */
export const visitNamespaceExport: Handler = (walk, node) => {
  const site = addMember(walk, child(node, 'id'), 'namespace');
  if (site) site.level = 'top';
};
