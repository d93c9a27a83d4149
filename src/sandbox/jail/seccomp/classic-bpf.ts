/**
 * Classic BPF, the language of seccomp filters, as far as one is needed here: load a word of the call,
 * compare it, answer. Words as in `linux/filter.h` and `linux/bpf_common.h`; little-endian machines only.
 */

/** One instruction: what to do, where to go on when it is true and when not, and a number. */
export interface Instruction {
  readonly code: number;
  readonly whenTrue: number;
  readonly whenFalse: number;
  readonly value: number;
}

/** The codes that are used: `BPF_LD|BPF_W|BPF_ABS`, `BPF_ALU|BPF_AND|BPF_K`, `BPF_JMP|...|BPF_K`, `BPF_RET|BPF_K`. */
export const CODE = {
  load: 0x20,
  and: 0x54,
  equal: 0x15,
  greater: 0x25,
  atLeast: 0x35,
  anyBit: 0x45,
  answer: 0x06,
} as const;

/** What a filter answers (`linux/seccomp.h`); `refuse` carries the number of an error. */
export const ANSWER = {
  allow: 0x7fff0000,
  kill: 0x80000000,
  refuse: 0x00050000,
} as const;

/** The numbers of errors that filters answer with. */
export const ERROR_NUMBER = { EPERM: 1, ENOSYS: 38, EOPNOTSUPP: 95 } as const;

/** Where `struct seccomp_data` has the number of the call, the machine, and the halves of argument `index`. */
export const OFFSET = {
  number: 0,
  architecture: 4,
  low: (index: number): number => 16 + 8 * index,
  high: (index: number): number => 20 + 8 * index,
} as const;

const step = (code: number, value: number, whenTrue = 0, whenFalse = 0): Instruction => ({
  code,
  whenTrue,
  whenFalse,
  value,
});

/** Takes the word at `offset` of the call. */
export const load = (offset: number): Instruction => step(CODE.load, offset);

/** Keeps only the bits of `mask`. */
export const and = (mask: number): Instruction => step(CODE.and, mask);

/** Ends with an answer. */
export const answer = (value: number): Instruction => step(CODE.answer, value);

/** Ends with an error of the call: it is not made. */
export const refuse = (error: keyof typeof ERROR_NUMBER): Instruction =>
  answer(ANSWER.refuse + ERROR_NUMBER[error]);

/** Ends with success of the call: it is not made, but says so. */
export const pretend = (): Instruction => answer(ANSWER.refuse);

/** Does `block` when the comparison is true, and goes on after it when not. */
export const when = (
  test: 'equal' | 'greater' | 'atLeast' | 'anyBit',
  value: number,
  block: readonly Instruction[],
): Instruction[] => [step(CODE[test], value, 0, block.length), ...block];

/** Does `block` when the comparison is false. */
export const unless = (
  test: 'equal' | 'greater' | 'atLeast' | 'anyBit',
  value: number,
  block: readonly Instruction[],
): Instruction[] => [step(CODE[test], value, block.length, 0), ...block];

/** The program as the kernel reads it: an array of `struct sock_filter`, eight bytes each. */
export function assemble(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, { code, whenTrue, whenFalse, value }] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(whenTrue, index * 8 + 2);
    bytes.writeUInt8(whenFalse, index * 8 + 3);
    bytes.writeUInt32LE(value, index * 8 + 4);
  }
  return bytes;
}
