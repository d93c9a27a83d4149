/** Builds tiny WebAssembly modules for the tests of the rewriter, byte by byte. */
import { PREAMBLE } from './wasm-sections.ts';
import { unsigned } from './wasm-writer.ts';

type Bytes = readonly number[];

/** A vector (core specification 5.1.3). */
export const vector = (entries: readonly Bytes[]): Bytes => [
  ...unsigned(entries.length),
  ...entries.flat(),
];

const sized = (content: Bytes): Bytes => [...unsigned(content.length), ...content];

/** A section with its id and size. */
export const section = (id: number, content: Bytes): Bytes => [id, ...sized(content)];

/** A name with its length. */
export const name = (text: string): Bytes => sized([...new TextEncoder().encode(text)]);

/** A whole module of the given sections. */
export const moduleOf = (...sections: readonly Bytes[]): Uint8Array =>
  Uint8Array.from([...PREAMBLE, ...sections.flat()]);

/** One function: how many i32 locals beside its parameter, and its code without the last `end`. */
export interface TinyFunction {
  readonly locals?: number;
  readonly code: Bytes;
}

const I32 = 0x7f;

/** Function bodies as a code section has them. */
export const bodies = (functions: readonly TinyFunction[]): readonly Bytes[] =>
  functions.map(({ locals = 0, code }) =>
    sized([...vector(locals === 0 ? [] : [[...unsigned(locals), I32]]), ...code, 0x0b]),
  );

/** A module of functions from i32 to i32; the last is exported as `run`. Type 0 is theirs, type 1 nothing's. */
export function functionsModule(functions: readonly TinyFunction[]): Uint8Array {
  const last = functions.length - 1;
  return moduleOf(
    section(
      1,
      vector([
        [0x60, 1, I32, 1, I32],
        [0x60, 0, 0],
      ]),
    ),
    section(3, vector(functions.map(() => [0]))),
    section(5, vector([[0x00, 1]])),
    section(13, vector([[0, 1]])),
    section(7, vector([[...name('run'), 0, ...unsigned(last)]])),
    section(10, vector(bodies(functions))),
  );
}
