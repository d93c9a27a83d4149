/** Counts on modules made by hand, where each number can be checked with a finger. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FUEL_AT_START, FUEL_EXPORT, injectFuel } from './inject-fuel.ts';
import { bodies, functionsModule, moduleOf, name, section, vector } from './tiny-module.ts';
import type { TinyFunction } from './tiny-module.ts';
import { webAssembly } from './web-assembly.ts';
import type { WasmCounter } from './web-assembly.ts';

interface WasmMemory {
  readonly grow: (pages: number) => number;
}

interface Fueled {
  readonly run: (argument: number) => number;
  readonly fuel: WasmCounter;
}

function load(
  wasm: Uint8Array,
  imports: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {},
): Fueled {
  const module = new webAssembly.Module(injectFuel(wasm));
  const { exports } = new webAssembly.Instance(module, imports);
  return { run: exports['run'] as Fueled['run'], fuel: exports[FUEL_EXPORT] as WasmCounter };
}

/** What a run with this argument costs; the argument's default is 0. */
function costOf(functions: readonly TinyFunction[], argument = 0): bigint {
  const { run, fuel } = load(functionsModule(functions));
  run(argument);
  return FUEL_AT_START - fuel.value;
}

const GET = [0x20, 0x00];
const SET = [0x21, 0x00];
const number = (value: number): number[] => [0x41, value];
/** local 0 becomes local 0 minus 1, and stays on the stack: four instructions. */
const DECREMENT = [...GET, ...number(1), 0x6b, 0x22, 0x00];

describe('what instructions cost', () => {
  it('one each, and nothing for nop, block, end and drop', () => {
    assert.equal(costOf([{ code: GET }]), 1n);
    assert.equal(costOf([{ code: [0x01, 0x02, 0x40, ...number(1), 0x1a, 0x0b, ...GET] }]), 2n);
  });

  it('the way taken of an if, not the other', () => {
    const code = [...GET, 0x04, 0x40, ...number(1), ...SET, 0x05, 0x01, 0x0b, ...GET];
    assert.equal(costOf([{ code }], 1), 2n + 2n + 1n);
    assert.equal(costOf([{ code }], 0), 2n + 1n);
  });

  it('each round of a loop', () => {
    const code = [0x03, 0x40, ...DECREMENT, 0x0d, 0x00, 0x0b, ...GET];
    assert.equal(costOf([{ code }], 1), 5n + 1n);
    assert.equal(costOf([{ code }], 7), 7n * 5n + 1n);
  });

  it('nothing behind a branch that was taken', () => {
    const code = [0x02, 0x40, ...GET, 0x0d, 0x00, ...number(5), ...SET, 0x0b, ...GET];
    assert.equal(costOf([{ code }], 1), 2n + 1n);
    assert.equal(costOf([{ code }], 0), 2n + 2n + 1n);
    assert.equal(costOf([{ code: [...GET, 0x0f, ...number(1), ...SET, ...GET] }]), 2n);
  });

  it('the called function as well, and a tail call', () => {
    const callee = { code: [...GET, ...number(1), 0x6a] };
    assert.equal(costOf([callee, { code: [...GET, 0x10, 0x00] }]), 2n + 3n);
    assert.equal(costOf([callee, { code: [...GET, 0x12, 0x00] }]), 2n + 3n);
  });

  it('the case of a table that is taken', () => {
    // Two blocks; case 0 leaves the inner one and sets, all others leave both.
    const code = [0x02, 0x40, 0x02, 0x40, ...GET, 0x0e, 1, 0, 1, 0x0b, ...number(3), ...SET];
    assert.equal(costOf([{ code: [...code, 0x0b, ...GET] }], 0), 2n + 2n + 1n);
    assert.equal(costOf([{ code: [...code, 0x0b, ...GET] }], 9), 2n + 1n);
  });

  it('what runs in a handler, of both kinds', () => {
    const old = [0x06, 0x40, 0x08, 0x00, 0x07, 0x00, ...number(3), ...SET, 0x0b, ...GET];
    assert.equal(costOf([{ code: old }]), 1n + 2n + 1n);
    const modern = [0x02, 0x40, 0x1f, 0x40, 1, 0x00, 0x00, 0x00, 0x08, 0x00, 0x0b, ...SET];
    const table = [...modern.slice(0, -2), 0x0b, ...GET];
    assert.equal(costOf([{ code: table }]), 1n + 1n);
  });

  it('the same in a function that adds up, by whatever way it is left', () => {
    const step = [...GET, 0x04, 0x40, ...number(1), 0x1a, 0x0b];
    const steps = [...step, ...step, ...step];
    const conditional = [...steps, ...GET, ...GET, 0x0d, 0x00, 0x1a, ...number(7)];
    assert.equal(costOf([{ code: conditional }], 0), 6n + 3n + 1n);
    assert.equal(costOf([{ code: conditional }], 1), 6n + 3n + 3n);
    assert.equal(costOf([{ code: [...steps, ...GET, ...GET, 0x0e, 0, 0] }], 1), 6n + 3n + 3n);
    assert.equal(costOf([{ code: [...steps, ...GET, 0x0f] }], 1), 6n + 3n + 2n);
    const callee = { code: [...steps, ...GET] };
    assert.equal(costOf([callee, { code: [...steps, ...GET, 0x12, 0x00] }], 0), 8n + 7n);
  });

  it('more than 63 in one stretch, which take two bytes to write', () => {
    for (const count of [63, 64, 127, 128, 9_000]) {
      const code = Array.from({ length: count }, () => [...number(0), 0x1a]).flat();
      assert.equal(costOf([{ code: [...code, ...GET] }]), BigInt(count) + 1n);
    }
  });
});

describe('the end of the fuel', () => {
  const endless = functionsModule([{ code: [0x03, 0x40, 0x0c, 0x00, 0x0b, ...GET] }]);

  it('stops a loop, and every call after it', () => {
    const { run, fuel } = load(endless);
    fuel.value = 1_000n;
    assert.throws(() => run(0), webAssembly.RuntimeError);
    assert.ok(fuel.value < 0n);
    const { run: other, fuel: left } = load(functionsModule([{ code: [...GET, 0x10, 0x00] }]));
    left.value = -1n;
    assert.throws(() => other(0), webAssembly.RuntimeError);
  });

  it('stops a loop whose head costs nothing', () => {
    // loop; block; end; br 0: all of its cost lies behind the end of the block.
    const code = [0x03, 0x40, 0x02, 0x40, 0x0b, 0x0c, 0x00, 0x0b, ...GET];
    const { run, fuel } = load(functionsModule([{ code }]));
    fuel.value = 1_000n;
    assert.throws(() => run(0), webAssembly.RuntimeError);
  });

  it('stops a recursion before the stack does', () => {
    const { run, fuel } = load(functionsModule([{ code: [...GET, 0x10, 0x00] }]));
    fuel.value = 500n;
    assert.throws(() => run(0), webAssembly.RuntimeError);
  });

  it('is caught by no handler within', () => {
    const caught = [0x06, 0x40, 0x03, 0x40, 0x0c, 0x00, 0x0b, 0x19, 0x0b, ...GET];
    const { run, fuel } = load(functionsModule([{ code: caught }]));
    fuel.value = 1_000n;
    assert.throws(() => run(0), webAssembly.RuntimeError);
  });

  it('is enough when it is exactly what is used, and not when it is one less', () => {
    const { run, fuel } = load(
      functionsModule([{ code: [0x03, 0x40, ...DECREMENT, 0x0d, 0x00, 0x0b, ...GET] }]),
    );
    fuel.value = 50n;
    assert.equal(run(10), 0);
    assert.equal(fuel.value, -1n, 'the instruction behind the last gate');
    fuel.value = 49n;
    assert.throws(() => run(10), webAssembly.RuntimeError);
  });
});

describe('the rest of the binary', () => {
  const memory = (...limits: readonly number[]): Uint8Array =>
    moduleOf(section(5, vector([limits])), section(7, vector([[...name('memory'), 2, 0]])));

  const grow = (wasm: Uint8Array, maxMemoryPages: number): WasmMemory => {
    const module = new webAssembly.Module(injectFuel(wasm, { maxMemoryPages }));
    return new webAssembly.Instance(module).exports['memory'] as WasmMemory;
  };

  it('gets a maximum of memory, never a higher one than it had', () => {
    assert.throws(() => grow(memory(0, 1), 3).grow(3), RangeError);
    assert.equal(grow(memory(0, 1), 3).grow(2), 1);
    assert.throws(() => grow(memory(1, 1, 2), 3).grow(2), RangeError);
    assert.throws(() => grow(memory(0, 4), 3), { name: 'sandbox-failed' });
  });

  it('keeps the indices of globals, imported and own', () => {
    const wasm = moduleOf(
      section(1, vector([[0x60, 1, 0x7f, 1, 0x7f]])),
      section(2, vector([[...name('m'), ...name('g'), 3, 0x7f, 0]])),
      section(3, vector([[0]])),
      section(6, vector([[0x7f, 0, 0x41, 7, 0x0b]])),
      section(7, vector([[...name('run'), 0, 0]])),
      section(10, vector(bodies([{ code: [0x23, 0, 0x23, 1, 0x6a] }]))),
    );
    assert.equal(load(wasm, { m: { g: 5 } }).run(0), 12);
  });

  it('is refused when it is no module, has an unknown opcode or section, or is injected twice', () => {
    const wasm = functionsModule([{ code: GET }]);
    const bad: readonly Uint8Array[] = [
      Uint8Array.of(1, 2, 3),
      Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0),
      functionsModule([{ code: [0xff, ...GET] }]),
      functionsModule([{ code: [0xfb, 0x00, ...GET] }]),
      functionsModule([{ code: [...GET, 0x0b] }]),
      moduleOf(section(14, [0])),
      moduleOf(section(7, [0]), section(3, [0])),
      wasm.subarray(0, wasm.length - 1),
      injectFuel(wasm),
    ];
    for (const bytes of bad) assert.throws(() => injectFuel(bytes), { name: 'sandbox-failed' });
  });

  it('drops custom sections that name places in the code, and keeps the others', () => {
    const custom = (text: string): readonly number[] => section(0, [...name(text), 1, 2]);
    const wasm = moduleOf(custom('dylink.0'), custom('metadata.code.branch_hint'), custom('mine'));
    const module = new webAssembly.Module(injectFuel(wasm));
    const has = (text: string): number => webAssembly.Module.customSections(module, text).length;
    assert.deepEqual(['dylink.0', 'metadata.code.branch_hint', 'mine'].map(has), [1, 0, 1]);
  });
});
