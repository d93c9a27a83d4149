/** Python by Pyodide: its start, from a memory snapshot or slowly, and the runs of programs in it. */
import { callSync, print, sendEnd } from './channel.ts';
import type { Run } from './channel.ts';
import { deno, problem, realm } from './deno-global.ts';
import { fixWorld } from './fixed-world.ts';
import type { End, Order } from './frames.ts';
import type { FuelGauge } from './fuel-gauge.ts';
import { sendChanges } from './left-files.ts';
import type { Entry } from './left-files.ts';

const WORK = '/work';
const PAGE = 65_536;

// what nearly every program does: print, call, catch, format, import
const WARM_UP = `
import json
def f(n): return {"n": [n, f"{n:.2f}"]}
try: raise ValueError("x")
except ValueError as error: print(error, json.dumps(f(1)))
open("x", "w").write("x"); __import__("os").remove("x")
f(2)`;

type Stream = 'stdout' | 'stderr';
type Print = (kind: Stream, bytes: Uint8Array) => void;

interface Stat {
  readonly mode: number;
  readonly size: number;
}

interface FileSystem {
  mkdirTree(path: string): void;
  writeFile(path: string, content: Uint8Array): void;
  readFile(path: string): Uint8Array;
  chdir(path: string): void;
  readdir(path: string): string[];
  lstat(path: string): Stat;
  isDir(mode: number): boolean;
  isFile(mode: number): boolean;
  isLink(mode: number): boolean;
}

interface Callable {
  (order: string, folder: string, call: unknown): Promise<string>;
}

/** What the driver uses of Pyodide. */
export interface Pyodide {
  readonly FS: FileSystem;
  readonly globals: { get(name: string): unknown };
  runPython(code: string): unknown;
  runPythonAsync(code: string, options: { readonly globals: unknown }): Promise<unknown>;
  toPy(value: unknown): { set(name: string, value: unknown): void };
  pyimport(name: string): { readonly run: Callable };
  setStdin(options: { readonly stdin: () => Uint8Array | null; readonly isatty: boolean }): void;
  setStdout(options: { readonly write: (bytes: Uint8Array) => number }): void;
  setStderr(options: { readonly write: (bytes: Uint8Array) => number }): void;
  makeMemorySnapshot(): Uint8Array;
  /** Its inner side: `fatal_error` breaks the interpreter for good and tells `on_fatal`. */
  readonly _api: { on_fatal?: (error: unknown) => void; fatal_error: (error: unknown) => void };
}

/** Where Pyodide lies; `snapshot` is empty for the slow start. All absolute paths. */
export interface PythonFiles {
  readonly pyodide: string;
  readonly library: string;
  readonly snapshot: string;
}

/** Starts Pyodide. With `toSnapshot` its memory can be saved. */
export async function startPython(files: PythonFiles, toSnapshot = false): Promise<Pyodide> {
  const { loadPyodide } = (await import(`file://${files.pyodide}/pyodide.mjs`)) as {
    readonly loadPyodide: (options: Readonly<Record<string, unknown>>) => Promise<Pyodide>;
  };
  const python = await loadPyodide({
    // said here because it can't be found from a stack under Deno
    indexURL: `${files.pyodide}/`,
    stdLibURL: files.library,
    // strings hash alike on every machine: the order of a set is part of what a program prints
    env: { HOME: WORK, PYTHONHASHSEED: '0', PYTHONDONTWRITEBYTECODE: '1' },
    ...(toSnapshot ? { _makeSnapshot: true } : {}),
    ...(files.snapshot === '' ? {} : { _loadSnapshot: deno.readFileSync(files.snapshot) }),
  });
  if (files.snapshot === '') installRunner(python);
  return python;
}

function installRunner(python: Pyodide): void {
  const folder = '/lib/skein';
  python.FS.mkdirTree(folder);
  const source = deno.readFileSync(new URL('./skein_run.py', import.meta.url));
  python.FS.writeFile(`${folder}/skein_run.py`, source);
  python.runPython(`import sys; sys.dont_write_bytecode = True; sys.path.append('${folder}')`);
  python.runPython('import skein_run');
}

/** Runs one program and tells of its end. Files of an earlier run of the session are still there. */
export async function runPython(python: Pyodide, run: Run, gauge: FuelGauge): Promise<void> {
  const { order } = run;
  // kept here: a broken interpreter refuses everything, and its files can still be read
  const { FS: fs } = python;
  fs.mkdirTree(WORK);
  for (const [path, content] of run.files) writeFile(fs, `${WORK}/${path}`, content);
  const before = new Map(
    [...walk(fs)].flatMap(({ path, read }) =>
      read === null ? [] : [[path, run.files.get(path) ?? read()]],
    ),
  );
  connectStreams(python, run.stdin, print);
  limitMemory(order.memoryBytes);
  if (order.deterministic !== null) fixWorld(order.deterministic);
  let isTold = false;
  const tell = (end: Ending): void => {
    if (isTold) return;
    isTold = true;
    const fuel = gauge.used();
    sendChanges(walk(fs), before, order);
    sendEnd({ ...end, fuel });
  };
  const fail = (error: unknown): void => {
    const words = gauge.isOver() ? 'The fuel is used up.' : String(error);
    if (!isTold) print('stderr', new TextEncoder().encode(`${words}\n`));
    tell({ exitCode: 1, value: null, isMemory: false });
  };
  watchBreak(python, gauge, fail);
  gauge.begin(order.fuel);
  await execute(python, order).then(tell, fail);
}

type Ending = Omit<End, 'fuel'>;

/** Tells at once when the interpreter breaks: what is awaited may never come, and the process may end. */
function watchBreak(python: Pyodide, gauge: FuelGauge, fail: (error: unknown) => void): void {
  const { _api: inner } = python;
  const breakDown = inner.fatal_error;
  inner.on_fatal = fail;
  inner.fatal_error = (error) => {
    gauge.end();
    // it is about to say where it stopped, on what would be the output of the program
    python.setStdout(writer('stderr', print));
    breakDown(error);
  };
}

type Begin = Pick<
  Order,
  'source' | 'args' | 'environment' | 'deterministic' | 'isSession' | 'hasTools'
>;

async function execute(python: Pyodide, begin: Begin): Promise<Ending> {
  const { source, args, environment, deterministic, isSession, hasTools } = begin;
  const scope = python.toPy({});
  // no limits in it: reading it is counted, and another limit is no other program
  scope.set('order', JSON.stringify({ source, args, environment, deterministic, isSession }));
  scope.set('call', hasTools ? callTool : undefined);
  scope.set('folder', WORK);
  const code = 'import skein_run\nawait skein_run.run(order, folder, call)';
  return JSON.parse(String(await python.runPythonAsync(code, { globals: scope }))) as Ending;
}

/** Runs a little once, so that the code of Pyodide that every run needs is compiled. */
export async function warmUp(python: Pyodide): Promise<void> {
  python.FS.mkdirTree(WORK);
  connectStreams(python, new Uint8Array(), () => undefined);
  const order = { source: WARM_UP, args: [], environment: {}, deterministic: null };
  await execute(python, { ...order, isSession: false, hasTools: false });
}

function callTool(name: string, args: string): string {
  try {
    return JSON.stringify({ value: callSync(name, JSON.parse(args)) });
  } catch (error) {
    return JSON.stringify({ error: error instanceof Error ? error.message : String(error) });
  }
}

function connectStreams(python: Pyodide, stdin: Uint8Array, out: Print): void {
  let isRead = false;
  const readAll = (): Uint8Array | null => {
    if (isRead || stdin.length === 0) return null;
    isRead = true;
    return stdin;
  };
  python.setStdin({ stdin: readAll, isatty: false });
  python.setStdout(writer('stdout', out));
  python.setStderr(writer('stderr', out));
}

const writer = (kind: Stream, out: Print) => ({
  write: (bytes: Uint8Array): number => {
    out(kind, bytes);
    return bytes.length;
  },
});

/** Python meets a MemoryError there; what gets around it meets the limit of the process. */
function limitMemory(memoryBytes: number): void {
  const { prototype } = realm.WebAssembly.Memory;
  const grow = prototype.grow;
  prototype.grow = function growWithin(this: typeof prototype, pages: number): number {
    if (this.buffer.byteLength + pages * PAGE > memoryBytes) throw problem('no more memory');
    return grow.call(this, pages);
  };
}

function writeFile(fs: FileSystem, path: string, content: Uint8Array): void {
  fs.mkdirTree(path.slice(0, path.lastIndexOf('/')));
  fs.writeFile(path, content);
}

function* walk(fs: FileSystem, folder = ''): Generator<Entry> {
  for (const name of fs.readdir(`${WORK}/${folder}`).toSorted()) {
    if (name === '.' || name === '..') continue;
    const path = `${folder}${name}`;
    const full = `${WORK}/${path}`;
    const { mode, size } = fs.lstat(full);
    if (fs.isDir(mode)) yield* walk(fs, `${path}/`);
    else if (fs.isFile(mode)) yield { path, size, read: () => fs.readFile(full), what: 'a file' };
    else yield { path, size: 0, read: null, what: fs.isLink(mode) ? 'a link' : 'no regular file' };
  }
}
