/**
 * What a JavaScript program finds: `console`, `tools`, and those functions of `Deno` and `process` that
 * would need a permission or would write into the pipe to the host. The rest is Deno's, and refuses.
 */
import { format } from 'node:util';
import { call, print } from './channel.ts';
import { deno } from './deno-global.ts';
import type { MemoryFiles } from './memory-files.ts';

type Kind = 'stdout' | 'stderr';

/** What one run brings. */
export interface World {
  readonly files: MemoryFiles;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly stdin: Uint8Array;
  readonly hasTools: boolean;
  readonly exit: (code: number) => never;
}

const encoder = new TextEncoder();

const FILE_FUNCTIONS = [
  'readFile',
  'readTextFile',
  'writeFile',
  'writeTextFile',
  'mkdir',
  'remove',
  'rename',
  'copyFile',
  'stat',
] as const;

/** Prints a text to the program's output. */
export const printText = (kind: Kind, text: string): void => print(kind, encoder.encode(text));

const set = (target: object, name: string, value: unknown): void => {
  Object.defineProperty(target, name, { value, writable: true, configurable: true });
};

/** Puts it in place, for one run. */
export function enterWorld(world: World): void {
  const global = globalThis as unknown as Record<string, object>;
  const process = global['process'] ?? {};
  set(global, 'console', makeConsole());
  if (world.hasTools) set(global, 'tools', makeTools());
  // a worker would write into the pipe
  set(global, 'Worker', undefined);
  for (const [name, value] of Object.entries(denoValues(world))) set(deno, name, value);
  const environment = { ...world.environment };
  const values = {
    argv: ['deno', 'main', ...world.args],
    env: environment,
    exit: (code = 0) => world.exit(Number(code)),
    cwd: () => '/work',
    stdout: { write: (text: unknown) => writeAny('stdout', text), isTTY: false },
    stderr: { write: (text: unknown) => writeAny('stderr', text), isTTY: false },
  };
  for (const [name, value] of Object.entries(values)) set(process, name, value);
}

function denoValues(world: World): Record<string, unknown> {
  const variables = new Map(Object.entries(world.environment));
  const values: Record<string, unknown> = {
    args: [...world.args],
    cwd: () => '/work',
    exit: (code = 0) => world.exit(code),
    env: {
      get: (name: string) => variables.get(name),
      has: (name: string) => variables.has(name),
      set: (name: string, value: string) => void variables.set(name, String(value)),
      delete: (name: string) => void variables.delete(name),
      toObject: () => Object.fromEntries(variables),
    },
    stdin: makeInput(world.stdin),
    stdout: makeOutput('stdout'),
    stderr: makeOutput('stderr'),
  };
  const { files } = world;
  for (const name of FILE_FUNCTIONS) {
    const sync = (files[name] as (...parts: readonly unknown[]) => unknown).bind(files);
    values[`${name}Sync`] = sync;
    values[name] = async (...parts: readonly unknown[]) => sync(...parts);
  }
  values['lstat'] = values['stat'];
  values['lstatSync'] = values['statSync'];
  values['readDirSync'] = (path: string | URL) => files.readDir(path);
  values['readDir'] = async function* readDir(path: string | URL) {
    yield* files.readDir(path);
  };
  return values;
}

function makeInput(stdin: Uint8Array): unknown {
  let at = 0;
  const readSync = (target: Uint8Array): number | null => {
    if (at >= stdin.length) return null;
    const part = stdin.subarray(at, at + target.length);
    target.set(part);
    at += part.length;
    return part.length;
  };
  return {
    readSync,
    read: async (target: Uint8Array) => readSync(target),
    readable: new Blob([stdin as Uint8Array<ArrayBuffer>]).stream(),
    isTerminal: () => false,
  };
}

function makeOutput(kind: Kind): unknown {
  const writeSync = (bytes: Uint8Array): number => {
    print(kind, bytes);
    return bytes.length;
  };
  const writable = new WritableStream<Uint8Array>({ write: (bytes) => void writeSync(bytes) });
  return {
    writeSync,
    write: async (bytes: Uint8Array) => writeSync(bytes),
    writable,
    isTerminal: () => false,
  };
}

function writeAny(kind: Kind, value: unknown): boolean {
  print(kind, value instanceof Uint8Array ? value : encoder.encode(String(value)));
  return true;
}

function makeTools(): unknown {
  return {
    call: (name: string, args: unknown = null) => call(name, args),
    search: (query: string) => call('tools.search', { query: String(query) }),
  };
}

function makeConsole(): unknown {
  let indent = '';
  const counts = new Map<string, number>();
  const line = (kind: Kind, text: string): void =>
    printText(kind, `${indent}${indent === '' ? text : text.replaceAll('\n', `\n${indent}`)}\n`);
  const out = (...parts: readonly unknown[]): void => line('stdout', format(...parts));
  const error = (...parts: readonly unknown[]): void => line('stderr', format(...parts));
  const group = (...parts: readonly unknown[]): void => {
    if (parts.length > 0) out(...parts);
    indent += '  ';
  };
  const nothing = (): void => undefined;
  return {
    log: out,
    info: out,
    debug: out,
    dir: (value: unknown) => out(value),
    table: (value: unknown) => out(value),
    error,
    warn: error,
    trace: (...parts: readonly unknown[]) => error('Trace:', ...parts),
    assert: (holds: unknown, ...parts: readonly unknown[]) => {
      if (!holds) error('Assertion failed', ...parts);
    },
    group,
    groupCollapsed: group,
    groupEnd: () => void (indent = indent.slice(2)),
    count: (label = 'default') => {
      counts.set(label, (counts.get(label) ?? 0) + 1);
      out(`${label}: ${counts.get(label)}`);
    },
    time: nothing,
    timeLog: nothing,
    timeEnd: nothing,
    clear: nothing,
  };
}
