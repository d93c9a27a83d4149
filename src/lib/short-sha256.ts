/**
 * SHA-256 (FIPS 180-4) of a short text, in plain code: where loading the real one would take longer
 * than all the rest. For names, not for the record.
 */

const BLOCK_BYTES = 64;
const WORDS = 64;

/** The first 32 bits of the fractional part of a root of a prime. */
const fraction = (root: number): number => ((root - Math.floor(root)) * 2 ** 32) | 0;

const PRIMES: readonly number[] = firstPrimes(WORDS);
const ROUND = PRIMES.map((prime) => fraction(Math.cbrt(prime)));
const START = PRIMES.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));

function firstPrimes(amount: number): number[] {
  const found: number[] = [];
  for (let next = 2; found.length < amount; next += 1) {
    if (found.every((prime) => next % prime !== 0)) found.push(next);
  }
  return found;
}

/** 64 lower-case hexadecimal digits; the text is hashed as UTF-8. */
export function shortSha256(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const padded = new Uint8Array(Math.ceil((bytes.length + 9) / BLOCK_BYTES) * BLOCK_BYTES);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, bytes.length * 8);
  let state: readonly number[] = START;
  for (let at = 0; at < padded.length; at += BLOCK_BYTES) state = addBlock(state, view, at);
  return state.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

const turn = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits));

/** Written without lists that come and go: it runs once, before anything is compiled well. */
function addBlock(state: readonly number[], view: DataView, at: number): readonly number[] {
  const words = new Int32Array(WORDS);
  for (let index = 0; index < 16; index += 1) words[index] = view.getInt32(at + 4 * index);
  for (let index = 16; index < WORDS; index += 1) {
    const first = words[index - 15] as number;
    const second = words[index - 2] as number;
    words[index] =
      (words[index - 16] as number) +
      (turn(first, 7) ^ turn(first, 18) ^ (first >>> 3)) +
      (words[index - 7] as number) +
      (turn(second, 17) ^ turn(second, 19) ^ (second >>> 10));
  }
  // The eight words of the state go round: the newest stands where the oldest was.
  const round = Int32Array.from(state);
  for (let index = 0; index < WORDS; index += 1) {
    const word = (back: number): number => round[(back - index) & 7] as number;
    const [a, e] = [word(0), word(4)];
    const high = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
    const choice = (e & word(5)) ^ (~e & word(6));
    const sum = word(7) + high + choice + (ROUND[index] as number) + (words[index] as number);
    const low = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
    const most = (a & word(1)) ^ (a & word(2)) ^ (word(1) & word(2));
    round[(3 - index) & 7] = word(3) + sum;
    round[(7 - index) & 7] = sum + low + most;
  }
  return state.map((before, index) => (before + (round[index] as number)) | 0);
}
