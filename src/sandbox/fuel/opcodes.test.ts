/** The tables of opcodes against the engine: it knows what we know, nothing else, and as long. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { injectFuel } from './inject-fuel.ts';
import { bodies, moduleOf, section, vector } from './tiny-module.ts';
import { unsigned } from './wasm-writer.ts';
import { webAssembly } from './web-assembly.ts';

/** `opcode` after `unreachable`, where any stack fits; a memory, a table, a tag and so on have index 0. */
function tryOut(opcode: readonly number[], immediates: readonly number[]): Uint8Array {
  const code = [0x00, ...opcode, ...immediates, 0x00];
  return moduleOf(
    section(1, vector([[0x60, 0, 0]])),
    section(3, vector([[0], [0]])),
    section(4, vector([[0x70, 0x00, 1]])),
    section(5, vector([[0x00, 1]])),
    section(13, vector([[0, 0]])),
    section(6, vector([[0x7f, 1, 0x41, 0, 0x0b]])),
    section(9, vector([[0x01, 0x00, ...vector([[0]])]])),
    section(12, unsigned(1)),
    section(10, vector(bodies([{ locals: 1, code }, { code: [] }]))),
    section(11, vector([[0x01, 1, 0]])),
  );
}

const zeros = (count: number): number[] => Array.from({ length: count }, () => 0);

/** Every form that immediates have in any instruction: one of them fits, when the opcode exists. */
const FORMS: readonly (readonly number[])[] = [
  ...[0, 1, 2, 4, 8, 16].map(zeros),
  ...[1, 2, 3, 4].flatMap((align) => [
    [align, 0],
    [align, 0, 0],
  ]),
  [0x40, 0x0b],
  [0x40, 0x00, 0x0b],
  [1, 0x7f],
  [0x70],
];

/** Parts of another instruction, which stand for themselves in no code: else, end, catch, rethrow ... */
const STRUCTURE = new Set([0x05, 0x07, 0x09, 0x0b, 0x18, 0x19]);
/** Garbage collected types, which are refused whole, and the prefixes themselves. */
const LEFT_OUT = new Set([0xfb, 0xfc, 0xfd, 0xfe]);

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const OPCODES: readonly (readonly number[])[] = [
  ...range(256)
    .filter((opcode) => !STRUCTURE.has(opcode) && !LEFT_OUT.has(opcode))
    .map((opcode) => [opcode]),
  ...[0xfc, 0xfd, 0xfe].flatMap((prefix) =>
    range(0x130).map((opcode) => [prefix, ...unsigned(opcode)]),
  ),
];

it('every opcode is known here exactly when the engine knows it', () => {
  const differing: string[] = [];
  for (const opcode of OPCODES) {
    const form = FORMS.find((immediates) => webAssembly.validate(tryOut(opcode, immediates)));
    const hex = opcode.map((byte) => byte.toString(16)).join(' ');
    try {
      const fueled = injectFuel(tryOut(opcode, form ?? []));
      if (form === undefined) differing.push(`${hex}: only here`);
      else if (!webAssembly.validate(fueled)) differing.push(`${hex}: read wrongly`);
    } catch {
      if (form !== undefined) differing.push(`${hex}: only in the engine`);
    }
  }
  assert.deepEqual(differing, []);
});
