/**
 * Computes `rename a to b` for a folder and verifies it, without writing anything: read the files
 * that hold the name, tell the symbols of that name apart (by scope, modules and the compiler),
 * rewrite the chosen one, class everything that is left, and check the result as unsaved files.
 * `docs/design/rename.md` explains the whole.
 */
import fs from 'node:fs';
import { SkeinError } from '#protocol/errors.ts';
import { OPEN_HOST } from '#workspace/programs/open-host.ts';
import { chooseEngine } from './choose-engine.ts';
import type { RenameOutcome, RenameRequest } from './language.ts';
import { growByReferences, linkByServer } from './rename/ask-server.ts';
import { chooseSymbol, describe } from './rename/candidates.ts';
import { type RenameNames, checkNames } from './rename/check-names.ts';
import { findProjectFiles, openFiles } from './project-files.ts';
import { planSymbol } from './rename/plan-symbol.ts';
import type { RenameContext } from './rename/rename-context.ts';
import { resolveModules } from './modules/resolve-modules.ts';
import { type SourceFiles, readSourceFiles } from './rename/source-files.ts';
import { createGraph, linkModules } from './rename/symbol-graph.ts';
import { readPackages } from './modules/workspace-packages.ts';
import { openServer } from './servers/open-server.ts';
import { analyzeFile } from './syntax/analyze-file.ts';
import { isJavaScriptPath } from './syntax/parse-source.ts';

/** What TypeScript 7 no longer takes for a class in JavaScript. */
const CONSTRUCTOR_FUNCTION = /\.prototype\s*(?:=|\.\s*[\w$]+\s*=)/;

/**
 * Plans a rename. Throws `symbol-not-found`, `rename-refused` (with the places), or
 * `language-unsupported`; `language-server-failed` may be tried again.
 */
export async function planRename(request: RenameRequest): Promise<RenameOutcome> {
  const names = checkNames(request.from, request.to);
  const root = fs.realpathSync(request.root);
  const sources = readSourceFiles(root, request.files, [names.from, names.to]);
  const code = sources.named.filter((source) => source.isCode && !source.isForeign);
  if (code.length === 0) throw noCode(sources, names);
  const paths = code.map((source) => source.path);
  const host = request.host ?? OPEN_HOST;
  const chosen = await chooseEngine({ root, tracked: sources.tracked, files: paths, host });
  const classic = code.find(
    ({ path, text }) => isJavaScriptPath(path) && CONSTRUCTOR_FUNCTION.test(text),
  );
  const reason = chosen.reason ?? (classic && `${classic.path}: it has constructor functions`);
  const engine = classic ? 'typescript-6' : chosen.engine;
  const { timeoutMs, signal } = request;
  const server = await openServer(engine, { root, host, timeoutMs, signal });
  try {
    const outcome = await planWithServer({ request, root, host, names, sources, server });
    if (outcome.type !== 'planned' || reason === undefined) return outcome;
    const why = `TypeScript 6 was used, because TypeScript 7 does not understand ${reason}`;
    return { ...outcome, warnings: [...outcome.warnings, why] };
  } finally {
    await server.dispose();
  }
}

async function planWithServer(context: RenameContext): Promise<RenameOutcome> {
  const { root, host, sources, server, names, request } = context;
  const readable = [...sources.named, ...sources.related].filter(
    (source) => source.isCode && !source.isForeign,
  );
  // Opened first: files of no project, and those of every project, are known only when open.
  const files = readable.map((source) => source.path);
  const known = await findProjectFiles({ root, tracked: sources.tracked, files, host });
  openFiles(
    server,
    root,
    readable.filter((source) => source.holdsWord),
    known,
  );
  const analyzed = readable.map((source) => ({
    source,
    model: analyzeFile(source.path, source.text, [names.from]),
  }));
  const graph = createGraph(names.from, analyzed, request.keepExports);
  const { tracked } = sources;
  const packages = readPackages(root, tracked);
  const resolve = await resolveModules(graph, { root, tracked, packages, server });
  linkModules(graph, resolve);
  await linkByServer(graph, { root, tracked, server });
  const choice = chooseSymbol(graph, names, request.at);
  if (choice.type === 'several') {
    return { type: 'ambiguous', choices: choice.candidates.map((each) => describe(graph, each)) };
  }
  await growByReferences(graph, choice.candidate.set, { root, tracked, server });
  return planSymbol({ ...context, graph, resolve, packages }, choice.candidate, choice.others);
}

function noCode(sources: SourceFiles, names: RenameNames): SkeinError {
  const hasCode = [...sources.tracked].some((file) => /\.(?:[cm]?[jt]s|[jt]sx)$/.test(file));
  if (!hasCode) {
    return new SkeinError(
      'language-unsupported',
      'Cannot rename: the repository has no JavaScript or TypeScript',
      { fix: 'Rename works on .js, .jsx, .ts, .tsx, .mjs, .cjs, .mts and .cts files in git' },
    );
  }
  const foreign = sources.named.find((source) => source.isForeign);
  const state = foreign ? `${foreign.path} is not UTF-8` : 'no tracked code holds that word';
  return new SkeinError('symbol-not-found', `Cannot rename ${names.from}: ${state}`, {
    fix: 'Check the spelling; files that are not in git are not searched',
  });
}
