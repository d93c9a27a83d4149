/** Pyodide's folder with fuel: made once, whole, and with all that a start reads. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { FUEL_EXPORT } from './inject-fuel.ts';
import { fueledPyodide } from './fueled-pyodide.ts';

function findPyodide(): string | null {
  try {
    return path.dirname(createRequire(import.meta.url).resolve('pyodide/package.json'));
  } catch {
    return null;
  }
}

const pyodide = findPyodide();
const skip = pyodide === null ? 'pyodide is not installed: npm install --include=optional' : false;

describe('Pyodide with fuel', { skip }, () => {
  const cache = mkdtempSync(path.join(tmpdir(), 'skein-fuel-'));
  after(() => rmSync(cache, { recursive: true }));

  it('is made once, and whole', async () => {
    const [one, two] = await Promise.all([1, 2].map(() => fueledPyodide(pyodide ?? '', cache)));
    assert.deepEqual(one, two);
    assert.deepEqual(readdirSync(cache), [path.basename(one?.folder ?? '')], 'no draft is left');
    assert.ok(existsSync(path.join(one?.folder ?? '', 'pyodide.asm.wasm')));
    assert.equal(one?.counterExport, FUEL_EXPORT);
  });
});
