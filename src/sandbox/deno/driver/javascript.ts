/**
 * JavaScript and TypeScript: the program is the module `main` in the folder `/work` of memory, and may
 * import the given files by relative paths, as modules, TypeScript or JSON, in circles too. Packages,
 * URLs and what needs a file of the host can't be imported. Types are taken out, not checked. Its value
 * is what it exports by default.
 */
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { sendEnd } from './channel.ts';
import type { Run } from './channel.ts';
import { deno, problem, realm } from './deno-global.ts';
import { fixWorld } from './fixed-world.ts';
import { MAX_JSON_BYTES } from './frames.ts';
import { sendChanges } from './left-files.ts';
import { MemoryFiles } from './memory-files.ts';
import { enterWorld, printText } from './program-world.ts';

// Node 26 has no such mode any more; Deno does
const transform = stripTypeScriptTypes as (text: string, options: { mode: string }) => string;

const ROOT = 'file:///work/';

const exitProcess = deno.exit.bind(deno);

const files = new MemoryFiles((kind, message) => {
  const Kind = deno.errors[kind];
  return Kind === undefined ? problem(message) : new Kind(message);
});
const programs = new Map<string, string>();
let runs = 0;
let current: { readonly end: (code: number, value?: unknown, isMemory?: boolean) => void } | null =
  null;

/** Runs one program; resolves at the end of it, when all that it began is done. */
export function runJavaScript(run: Run): Promise<void> {
  const { order } = run;
  for (const [path, content] of run.files) files.files.set(path, content);
  const before = new Map(files.files);
  if (runs === 0) prepareRealm();
  runs += 1;
  const extension = order.language === 'typescript' ? 'ts' : 'js';
  // a number, since a module is evaluated once only
  const url = `${ROOT}main.${extension}${runs === 1 ? '' : `?run=${runs}`}`;
  programs.set(url, order.source);
  return new Promise((resolve) => {
    const end = (exitCode: number, value?: unknown, isMemory = false): void => {
      if (current === null) return;
      current = null;
      sendChanges(files.entries(), before, order);
      sendEnd({ exitCode, value: toJson(value), isMemory, fuel: null });
      resolve();
    };
    current = { end };
    const exit = (code: number): never => {
      end(code & 0xff);
      return exitProcess(code);
    };
    enterWorld({ ...order, files, stdin: run.stdin, exit });
    if (order.deterministic !== null) fixWorld(order.deterministic);
    void execute(url);
  });
}

let value: unknown;

async function execute(url: string): Promise<void> {
  value = undefined;
  try {
    const module = (await import(url)) as { readonly default?: unknown };
    value = module.default;
  } catch (error) {
    fail(error);
  }
}

function prepareRealm(): void {
  registerHooks({ resolve, load });
  // Deno asks when nothing is left to do: that is the end of the program.
  realm.addEventListener('beforeunload', (event) => {
    if (current === null) return;
    event.preventDefault();
    current.end(0, value);
  });
  realm.addEventListener('error', (event) => {
    event.preventDefault();
    fail(event.error);
  });
  realm.addEventListener('unhandledrejection', (event) => {
    event.preventDefault();
    fail(event.reason);
  });
}

function fail(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? String(error)) : deno.inspect(error);
  printText('stderr', `${text}\n`);
  current?.end(1, undefined, isMemoryError(error));
}

const isMemoryError = (error: unknown): boolean =>
  error instanceof RangeError && /allocation|memory/i.test(error.message);

function toJson(result: unknown): string | null {
  try {
    const text = JSON.stringify(result) as string | undefined;
    return text === undefined || text.length > MAX_JSON_BYTES ? null : text;
  } catch {
    return null;
  }
}

type Resolve = NonNullable<Parameters<typeof registerHooks>[0]['resolve']>;
type Load = NonNullable<Parameters<typeof registerHooks>[0]['load']>;

const resolve: Resolve = (specifier, context, next) => {
  if (!/^(\.{0,2}\/|file:)/.test(specifier)) return next(specifier, context);
  const { href } = new URL(specifier, context.parentURL ?? ROOT);
  if (!href.startsWith(ROOT) || sourceOf(href) === undefined) {
    throw problem(`Cannot find module ${specifier}: it is not among the files of this run`);
  }
  return { url: href, shortCircuit: true };
};

const load: Load = (url, context, next) => {
  const text = sourceOf(url);
  if (text === undefined) return next(url, context);
  const path = url.replace(/\?.*$/, '');
  if (path.endsWith('.json')) return { format: 'json', source: text, shortCircuit: true };
  const source = /\.[mc]?ts$/.test(path) ? withoutTypes(text) : text;
  return { format: 'module', source, shortCircuit: true };
};

function sourceOf(url: string): string | undefined {
  const program = programs.get(url);
  if (program !== undefined) return program;
  if (!url.startsWith(ROOT)) return undefined;
  const content = files.files.get(decodeURIComponent(new URL(url).pathname.slice('/work/'.length)));
  return content === undefined ? undefined : new TextDecoder().decode(content);
}

// Taking types out keeps every line where it was; enums and the like need more.
function withoutTypes(text: string): string {
  try {
    return stripTypeScriptTypes(text);
  } catch {
    return transform(text, { mode: 'transform' });
  }
}
