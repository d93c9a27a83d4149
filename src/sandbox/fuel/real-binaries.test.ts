/** The binaries in use, rewritten: valid to the engine, with their exports and the counter. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { describe, it } from 'node:test';
import { injectFuel } from './inject-fuel.ts';
import { webAssembly } from './web-assembly.ts';

const require = createRequire(import.meta.url);

function pyodideBinary(): string | undefined {
  try {
    return path.join(path.dirname(require.resolve('pyodide/package.json')), 'pyodide.asm.wasm');
  } catch {
    return undefined;
  }
}

const BINARIES: readonly (readonly [string, string | undefined])[] = [
  ['QuickJS', require.resolve('quickjs-wasi/quickjs.wasm')],
  ['Pyodide', pyodideBinary()],
];

describe('the binaries in use', () => {
  for (const [name, file] of BINARIES) {
    const missing = file === undefined || !existsSync(file);
    const skip = missing ? `${name} is not installed: npm ci` : false;
    it(`${name} is rewritten, and still valid`, { skip }, () => {
      const wasm = new Uint8Array(readFileSync(file ?? ''));
      assert.ok(webAssembly.validate(injectFuel(wasm)));
      assert.ok(webAssembly.validate(injectFuel(wasm, { maxMemoryPages: 2_048 })));
      assert.deepEqual(injectFuel(wasm), injectFuel(wasm), 'the same every time');
    });
  }
});
