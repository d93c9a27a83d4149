/**
 * TypeScript 7 behind the port: its native executable as a language server (`--lsp --stdio`). It
 * takes no plugins and fetches no types. What it asks of the editor is answered with "nothing".
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { SkeinError } from '#protocol/errors.ts';
import type {
  LanguageServer,
  Position,
  ServerLocation,
  TypeDiagnostic,
} from '#workspace/language/language.ts';
import type { ProgramHost } from '#workspace/programs/program-host.ts';
import { createRequestTable } from './request-table.ts';
import { type ServerProcess, startServer } from './server-process.ts';

interface Wire {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: { readonly items?: readonly unknown[] };
  readonly result?: unknown;
  readonly error?: { readonly message?: string };
}

interface WireRange {
  readonly start: Position;
  readonly end: Position;
}

interface WireLocation {
  readonly uri?: string;
  readonly range?: WireRange;
  readonly targetUri?: string;
  readonly targetSelectionRange?: WireRange;
}

interface WireDiagnostic {
  readonly range: WireRange;
  readonly severity?: number;
  readonly code?: number | string;
  readonly message: string;
}

/** What both servers are started with. `root` is a real path. */
export interface ServerOptions {
  readonly root: string;
  /** What holds the server. */
  readonly host: ProgramHost;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** How files of no project are understood, when they are so many that they need a project. */
const LOOSE_OPTIONS = {
  allowJs: true,
  allowImportingTsExtensions: true,
  module: 'esnext',
  moduleResolution: 'bundler',
  noEmit: true,
  strict: false,
  target: 'esnext',
};
const ERROR_SEVERITY = 1;
const NATIVE_MEMORY_MB = 4_096;

/** The executable of TypeScript 7 for this platform. */
export function nativeCompilerPath(): string {
  const name = `@typescript/typescript-${process.platform}-${process.arch}/package.json`;
  try {
    const fromHere = createRequire(import.meta.url);
    const fromTypescript = createRequire(fromHere.resolve('typescript/package.json'));
    return path.join(path.dirname(fromTypescript.resolve(name)), 'lib', 'tsc');
  } catch (cause) {
    throw new SkeinError(
      'language-server-failed',
      `Cannot start TypeScript 7: it is not installed for ${process.platform}-${process.arch}`,
      { fix: 'Install Skein again with `npm ci`', cause },
    );
  }
}

/** All that TypeScript 7 is made of: the libraries of the language lie beside its executable. */
export const nativeTools = (): readonly string[] => [
  path.dirname(path.dirname(nativeCompilerPath())),
];

/** Starts TypeScript 7 on a folder and waits until it is ready. */
export async function startNativeServer(options: ServerOptions): Promise<LanguageServer> {
  const server = await startServer({
    ...options,
    name: 'TypeScript 7',
    argv: [nativeCompilerPath(), '--lsp', '--stdio'],
    tools: nativeTools(),
    memoryMb: NATIVE_MEMORY_MB,
  });
  const ask = connect(server);
  const uri = pathToFileURL(options.root).href;
  try {
    await ask('initialize', {
      // It ends with its host. Behind walls the id of Skein is nobody's, and it would end at once.
      processId: null,
      rootUri: uri,
      workspaceFolders: [{ uri, name: 'repository' }],
      capabilities: { workspace: { configuration: true }, textDocument: { diagnostic: {} } },
    });
  } catch (error) {
    await server.dispose();
    throw error;
  }
  const tell = (method: string, params: unknown): void =>
    server.send({ jsonrpc: '2.0', method, params }, true);
  tell('initialized', {});
  return nativePort(server, ask, tell);
}

type Ask = (method: string, params: unknown) => Promise<unknown>;

function connect(server: ServerProcess): Ask {
  const table = createRequestTable();
  server.onEnd(table.failAll);
  server.onMessage((raw) => {
    const message = raw as Wire;
    if (message.method === undefined) {
      const id = Number(message.id);
      if (message.error)
        table.refuse(id, `TypeScript 7: ${message.error.message ?? 'no reason given'}`);
      else table.answer(id, message.result);
    } else if (message.id !== undefined) {
      const items = message.method === 'workspace/configuration' ? message.params?.items : null;
      const result = items ? items.map(() => ({})) : null;
      server.send({ jsonrpc: '2.0', id: message.id, result }, true);
    }
  });
  return (method, params) =>
    table.request((id) => server.send({ jsonrpc: '2.0', id, method, params }, true));
}

function nativePort(
  server: ServerProcess,
  ask: Ask,
  tell: (method: string, params: unknown) => void,
): LanguageServer {
  let version = 1;
  const opened = new Set<string>();
  const document = (file: string): { uri: string } => ({ uri: pathToFileURL(file).href });
  const locate = async (method: string, file: string, position: Position, extra: object) => {
    const question = { textDocument: document(file), position, ...extra };
    return toLocations(await orNothing(ask(method, question)));
  };
  const open = (file: string, text: string): void => {
    opened.add(file);
    const languageId = languageOf(file);
    tell('textDocument/didOpen', {
      textDocument: { ...document(file), languageId, version: 1, text },
    });
  };
  return {
    engine: 'typescript-7',
    open,
    // An unsaved configuration counts as one on disk.
    group: (folder, paths) => {
      const config = { compilerOptions: LOOSE_OPTIONS, files: paths };
      open(path.join(folder, 'jsconfig.json'), JSON.stringify(config));
    },
    change: (file, text) => {
      if (!opened.has(file)) return open(file, text);
      tell('textDocument/didChange', {
        textDocument: { ...document(file), version: (version += 1) },
        contentChanges: [{ text }],
      });
    },
    definition: (file, position) => locate('textDocument/definition', file, position, {}),
    references: (file, position) =>
      locate('textDocument/references', file, position, { context: { includeDeclaration: true } }),
    diagnostics: async (file) => {
      const answer = await ask('textDocument/diagnostic', { textDocument: document(file) });
      const items = (answer as { items?: readonly WireDiagnostic[] } | null)?.items ?? [];
      return items
        .filter((item) => (item.severity ?? 1) === ERROR_SEVERITY)
        .map(toDiagnostic(file));
    },
    dispose: () => server.dispose(),
  };
}

/** A file that is in no project and not open has no answers, which is no failure. */
async function orNothing(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && /no project found/.test(error.message)) return null;
    throw error;
  }
}

const toDiagnostic =
  (file: string) =>
  (item: WireDiagnostic): TypeDiagnostic => ({
    path: file,
    line: item.range.start.line + 1,
    column: item.range.start.character + 1,
    code: Number(item.code ?? 0),
    message: item.message,
  });

function toLocations(answer: unknown): readonly ServerLocation[] {
  const list = (Array.isArray(answer) ? answer : answer ? [answer] : []) as WireLocation[];
  return list.flatMap((location) => {
    const uri = location.uri ?? location.targetUri;
    const range = location.range ?? location.targetSelectionRange;
    // The compiler's own library has another scheme: it is outside every repository.
    if (!uri || !range) return [];
    const file = uri.startsWith('file:') ? fileURLToPath(uri) : uri;
    return [{ path: file, start: range.start, end: range.end }];
  });
}

function languageOf(file: string): string {
  if (file.endsWith('.tsx')) return 'typescriptreact';
  if (file.endsWith('.jsx')) return 'javascriptreact';
  return /\.[cm]?js$/.test(file) ? 'javascript' : 'typescript';
}
