/**
 * For the test of Pyodide with fuel; Deno runs it. Arguments: the folder, the counter's export, a file of
 * Pyodide's memory (made when the fourth argument is `make`), a program, a limit. Prints JSON.
 */
import { catchCounter } from './catch-counter.ts';

interface Pyodide {
  runPython(code: string): unknown;
  makeMemorySnapshot(): Uint8Array;
}

interface DenoGlobal {
  readonly args: readonly string[];
  readFileSync(path: string): Uint8Array;
  writeFileSync(path: string, bytes: Uint8Array): void;
}

const realm = globalThis as unknown as {
  readonly Deno: DenoGlobal;
  readonly console: { log(text: string): void };
};
const [folder = '', exportName = '', memory = '', program = '', limit = ''] = realm.Deno.args;

// Time stands still and chance is the same, from the start on.
Date.now = () => 1_700_000_000_000;
performance.now = () => 0;
Math.random = () => 0.5;
crypto.getRandomValues = ((bytes: Uint8Array) => bytes.fill(7)) as typeof crypto.getRandomValues;

const counterOf = catchCounter(exportName);
const { loadPyodide } = (await import(`file://${folder}/pyodide.mjs`)) as {
  readonly loadPyodide: (options: Readonly<Record<string, unknown>>) => Promise<Pyodide>;
};
const isMade = program !== 'make';
const python = await loadPyodide({
  indexURL: `${folder}/`,
  env: { HOME: '/', PYTHONHASHSEED: '0' },
  ...(isMade ? { _loadSnapshot: realm.Deno.readFileSync(memory) } : { _makeSnapshot: true }),
});
if (!isMade) realm.Deno.writeFileSync(memory, python.makeMemorySnapshot());
else {
  const counter = counterOf();
  if (counter === null) realm.console.log(JSON.stringify({ problem: 'there is no counter' }));
  else {
    const atStart = BigInt(limit);
    counter.value = atStart;
    let value = '';
    let error = '';
    try {
      value = String(python.runPython(program));
    } catch (thrown) {
      error = String(thrown);
    }
    const used = String(atStart - counter.value);
    const isOver = counter.value < 0n;
    realm.console.log(JSON.stringify({ value, error, used, isOver }));
  }
}
