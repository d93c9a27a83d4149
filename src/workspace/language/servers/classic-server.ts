/**
 * TypeScript 6 behind the port: `tsserver`, for repositories whose configuration uses options that
 * TypeScript 7 has removed. Type acquisition and plugins are off: nothing is fetched, and no code
 * of the repository runs in the server.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { SkeinError } from '#protocol/errors.ts';
import type {
  LanguageServer,
  Position,
  ServerLocation,
  TypeDiagnostic,
} from '#workspace/language/language.ts';
import type { ServerOptions } from './native-server.ts';
import { createRequestTable } from './request-table.ts';
import { type ServerProcess, startServer } from './server-process.ts';

interface Wire {
  readonly type?: string;
  readonly request_seq?: number;
  readonly success?: boolean;
  readonly message?: string;
  readonly body?: unknown;
}

interface Offset {
  readonly line: number;
  readonly offset: number;
}

interface WireSpan {
  readonly file: string;
  readonly start: Offset;
  readonly end: Offset;
}

interface WireDiagnostic {
  readonly start: Offset;
  readonly text: string;
  readonly code?: number;
  readonly category?: string;
}

/** As for TypeScript 7; numbers are those of its enums (ESNext, Bundler, ESNext). */
const LOOSE_OPTIONS = {
  allowJs: true,
  allowImportingTsExtensions: true,
  module: 99,
  moduleResolution: 100,
  noEmit: true,
  strict: false,
  target: 99,
};
const CLASSIC_MEMORY_MB = 4_096;
const CLASSIC_STACK_KB = 3_900;

/** The file of TypeScript 6's server. */
export function classicServerPath(): string {
  try {
    const fromHere = createRequire(import.meta.url);
    const fromWrapper = createRequire(fromHere.resolve('@typescript/typescript6/package.json'));
    const old = fromWrapper.resolve('@typescript/old/package.json');
    return path.join(path.dirname(old), 'lib', 'tsserver.js');
  } catch (cause) {
    throw new SkeinError('language-server-failed', 'Cannot start TypeScript 6: not installed', {
      fix: 'Install Skein again with `npm ci`',
      cause,
    });
  }
}

/** All that TypeScript 6 is made of, and what runs it. */
export const classicTools = (): readonly string[] => [
  path.dirname(path.dirname(classicServerPath())),
  process.execPath,
];

/** Starts TypeScript 6 on a folder. */
export async function startClassicServer(options: ServerOptions): Promise<LanguageServer> {
  const server = await startServer({
    ...options,
    name: 'TypeScript 6',
    argv: [
      process.execPath,
      `--max-old-space-size=${CLASSIC_MEMORY_MB}`,
      // Long chains of imports are followed by recursion.
      `--stack-size=${CLASSIC_STACK_KB}`,
      classicServerPath(),
      '--disableAutomaticTypingAcquisition',
      '--suppressDiagnosticEvents',
      '--noGetErrOnBackgroundUpdate',
      '--useInferredProjectPerProjectRoot',
      '--serverMode',
      'semantic',
    ],
    tools: classicTools(),
    memoryMb: CLASSIC_MEMORY_MB,
  });
  const table = createRequestTable();
  server.onEnd(table.failAll);
  server.onMessage((raw) => {
    const message = raw as Wire;
    if (message.type !== 'response') return;
    const id = message.request_seq ?? -1;
    if (message.success) table.answer(id, message.body);
    else table.refuse(id, message.message ?? 'no reason given');
  });
  const ask: Ask = (command, args) =>
    table.request((seq) => server.send({ seq, type: 'request', command, arguments: args }, false));
  return classicPort(server, ask, options.root);
}

type Ask = (command: string, args: unknown) => Promise<unknown>;

function classicPort(server: ServerProcess, askNow: Ask, root: string): LanguageServer {
  // Files wait for the next question and go together: each update costs a look at every project.
  let waiting: object[] = [];
  const ask: Ask = (command, args) => {
    if (waiting.length > 0) {
      const openFiles = waiting;
      waiting = [];
      void askNow('updateOpen', { openFiles }).catch(() => undefined);
    }
    return askNow(command, args);
  };
  const open = (file: string, text: string): void => {
    waiting.push({ file, fileContent: text, projectRootPath: root });
  };
  /** Of a file that no open project holds tsserver knows nothing until it is opened. */
  const askAbout: AskAbout = async (file, command, args) => {
    const answer = await orNothing(ask(command, args));
    if (answer !== NO_PROJECT) return answer;
    const text = readIfThere(file);
    if (text === undefined) return null;
    open(file, text);
    const again = await orNothing(ask(command, args));
    return again === NO_PROJECT ? null : again;
  };
  const at = (file: string, position: Position) => ({
    file,
    line: position.line + 1,
    offset: position.character + 1,
  });
  return {
    engine: 'typescript-6',
    open,
    group: (folder, paths) => {
      const args = {
        projectFileName: path.join(folder, 'files-of-no-project'),
        rootFiles: paths.map((fileName) => ({ fileName })),
        options: LOOSE_OPTIONS,
      };
      void ask('openExternalProject', args).catch(() => undefined);
    },
    change: open,
    definition: async (file, position) =>
      toLocations(await askAbout(file, 'definition', at(file, position))),
    references: async (file, position) => {
      const body = await askAbout(file, 'references', at(file, position));
      return toLocations((body as { refs?: unknown } | null)?.refs);
    },
    diagnostics: async (file) => {
      const syntactic = await askAbout(file, 'syntacticDiagnosticsSync', { file });
      const semantic = await askAbout(file, 'semanticDiagnosticsSync', { file });
      const items = [syntactic ?? [], semantic ?? []].flat() as WireDiagnostic[];
      return items.filter((item) => item.category !== 'suggestion').map(toDiagnostic(file));
    },
    dispose: () => server.dispose(),
  };
}

type AskAbout = (file: string, command: string, args: unknown) => Promise<unknown>;

/** What tsserver says of a file that belongs to nothing it has open. */
const NO_PROJECT = Symbol('no project');

/** tsserver answers "No content available." where LSP answers null. */
async function orNothing(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    const said = error instanceof Error ? error.message : '';
    if (/\bNo Project\b/i.test(said)) return NO_PROJECT;
    if (/\bNo content\b/i.test(said)) return null;
    throw error;
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

const toDiagnostic =
  (file: string) =>
  (item: WireDiagnostic): TypeDiagnostic => ({
    path: file,
    line: item.start.line,
    column: item.start.offset,
    code: item.code ?? 0,
    message: item.text,
  });

function toLocations(body: unknown): readonly ServerLocation[] {
  const list = (Array.isArray(body) ? body : []) as WireSpan[];
  return list.map((span) => ({
    path: span.file,
    start: { line: span.start.line - 1, character: span.start.offset - 1 },
    end: { line: span.end.line - 1, character: span.end.offset - 1 },
  }));
}
