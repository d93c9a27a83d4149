/**
 * Makes the model of a file: parses it, walks it once with a table of handlers, and classes every
 * other place of a wanted word as comment, string or code. Pure.
 */
import type { FileModel } from './file-model.ts';
import { isJavaScriptPath, parseSource } from './parse-source.ts';
import { openScope } from './scope.ts';
import { allChildren } from './syntax-node.ts';
import * as declarations from './visit-declarations.ts';
import * as expressions from './visit-expressions.ts';
import * as modules from './visit-modules.ts';
import * as types from './visit-types.ts';
import { type Walk, addSite, createWalk, finishWalk } from './walk.ts';
import { findWords } from './words.ts';

type Handler = declarations.Handler;

const FUNCTIONS = [
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'TSDeclareFunction',
  'TSEmptyBodyFunctionExpression',
];
const CLASS_MEMBERS = [
  'MethodDefinition',
  'PropertyDefinition',
  'AccessorProperty',
  'TSAbstractMethodDefinition',
  'TSAbstractPropertyDefinition',
  'TSAbstractAccessorProperty',
];
const BLOCKS = [
  'BlockStatement',
  'ForStatement',
  'ForInStatement',
  'ForOfStatement',
  'SwitchStatement',
  'StaticBlock',
];
const SIGNATURES = [
  'TSFunctionType',
  'TSConstructorType',
  'TSCallSignatureDeclaration',
  'TSConstructSignatureDeclaration',
  'TSMethodSignature',
];
const TEXTS = ['Literal', 'TemplateElement', 'JSXText'];
const LABELS = ['LabeledStatement', 'BreakStatement', 'ContinueStatement', 'TSNamedTupleMember'];

const same = (names: readonly string[], handler: Handler): [string, Handler][] =>
  names.map((name) => [name, handler]);

const HANDLERS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ...same(FUNCTIONS, declarations.visitFunction),
  ...same(['ClassDeclaration', 'ClassExpression'], declarations.visitClass),
  ...same(CLASS_MEMBERS, declarations.visitClassMember),
  ...same(BLOCKS, declarations.visitBlock),
  ...same(SIGNATURES, types.visitSignatureType),
  ...same(TEXTS, expressions.visitLiteral),
  ...same(LABELS, expressions.visitLabel),
  ...same(['JSXOpeningElement', 'JSXClosingElement'], expressions.visitJsxElementName),
  ...same(['TSInterfaceHeritage', 'TSClassImplements'], types.visitHeritage),
  ['VariableDeclaration', (walk, node, scope) => declarations.visitVariables(walk, node, scope)],
  ['CatchClause', declarations.visitCatch],
  ['ObjectPattern', declarations.visitAssignedPattern],
  ['Identifier', expressions.visitIdentifier],
  ['MemberExpression', expressions.visitMember],
  ['AssignmentExpression', expressions.visitAssignment],
  ['ObjectExpression', expressions.visitObjectLiteral],
  ['CallExpression', expressions.visitCall],
  ['ImportExpression', expressions.visitImportCall],
  ['ExpressionStatement', expressions.visitExpressionStatement],
  ['JSXMemberExpression', expressions.visitJsxMember],
  ['JSXAttribute', expressions.visitJsxAttribute],
  ['PrivateIdentifier', expressions.visitPrivateName],
  ['MetaProperty', () => undefined],
  ['TSTypeReference', types.visitTypeReference],
  ['TSTypeQuery', types.visitTypeQuery],
  ['TSImportType', types.visitImportType],
  ['TSInterfaceDeclaration', types.visitInterface],
  ['TSTypeAliasDeclaration', types.visitTypeAlias],
  ['TSEnumDeclaration', types.visitEnum],
  ['TSModuleDeclaration', types.visitNamespace],
  ['TSTypeParameter', types.visitTypeParameter],
  ['TSInferType', types.visitInfer],
  ['TSConditionalType', types.visitConditional],
  ['TSMappedType', types.visitMapped],
  ['TSPropertySignature', types.visitPropertySignature],
  ['TSIndexSignature', types.visitIndexSignature],
  ['TSIndexedAccessType', types.visitIndexedAccess],
  ['TSTypePredicate', types.visitPredicate],
  ['ImportDeclaration', modules.visitImport],
  ['ExportNamedDeclaration', modules.visitNamedExport],
  ['ExportAllDeclaration', modules.visitExportAll],
  ['ExportDefaultDeclaration', modules.visitDefaultExport],
  ['TSExportAssignment', modules.visitExportEquals],
  ['TSImportEqualsDeclaration', modules.visitImportEquals],
  ['TSNamespaceExportDeclaration', modules.visitNamespaceExport],
]);

/** A JavaScript file that is loaded by `require`, as far as its text tells. */
const COMMON_JS = /\brequire\s*\(|\bmodule\s*\.\s*exports\b|\bexports\s*[.[]/;

/** The model of a file for some wanted names. Never throws: syntax errors are in the model. */
export function analyzeFile(path: string, text: string, names: readonly string[]): FileModel {
  const parsed = parseSource(path, text);
  const walk = createWalk(text, new Set(names));
  walk.visit = (node, scope) => {
    if (!node) return;
    const handler = HANDLERS.get(node.type);
    if (handler) handler(walk, node, scope);
    else for (const part of allChildren(node)) walk.visit(part, scope);
  };
  const isModule = parsed.hasModuleSyntax || /\.[cm][jt]s$/.test(path) || COMMON_JS.test(text);
  const top = openScope(isModule ? 'module' : 'global', undefined);
  for (const part of allChildren(parsed.program)) walk.visit(part, top);
  if (isJavaScriptPath(path)) addDocumentedTypes(walk, parsed.comments, names);
  finishWalk(walk);
  return {
    sites: walk.sites,
    links: walk.links,
    imports: walk.imports,
    exports: walk.exports,
    stars: walk.stars,
    escapes: walk.escapes,
    hasComputedModule: walk.hasComputedModule,
    wordClass: classifier(walk, parsed.comments),
    bindingOf: (site) => walk.bindingKeys.get(site.index),
    parseErrors: parsed.errors.map((error) => error.message),
  };
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** In JavaScript the types of JSDoc are real; in `{@link a}` a name is only prose. */
function addDocumentedTypes(
  walk: Walk,
  comments: readonly (Span & { readonly type: string; readonly value: string })[],
  names: readonly string[],
): void {
  for (const comment of comments) {
    if (comment.type !== 'Block' || !comment.value.startsWith('*')) continue;
    for (const name of names) {
      for (const at of findWords(comment.value, name)) {
        const before = comment.value.slice(0, at);
        if (/\{@link[^}]*$/.test(before) || !/@[a-z]/.test(before)) continue;
        const site = addSite(walk, name, comment.start + 2 + at, 'jsdoc');
        if (site) site.deferred = true;
      }
    }
  }
}

function classifier(walk: Walk, comments: readonly Span[]): FileModel['wordClass'] {
  const within = (spans: readonly Span[], offset: number): boolean =>
    spans.some((span) => span.start <= offset && offset < span.end);
  return (offset) => {
    if (within(comments, offset)) return 'comment';
    return within(walk.literals, offset) ? 'string' : 'code';
  };
}
