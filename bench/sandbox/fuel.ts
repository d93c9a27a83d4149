/** What counting instructions in QuickJS costs, beside the same machine without it. */
import { readFileSync } from 'node:fs';
import { QuickJS } from 'quickjs-wasi';
import { FUEL_AT_START, FUEL_EXPORT, injectFuel } from '#sandbox/fuel/inject-fuel.ts';
import { webAssembly } from '#sandbox/fuel/web-assembly.ts';
import type { WasmCounter, WasmModule } from '#sandbox/fuel/web-assembly.ts';
import { atMost, duration, rate, scaled, type Bench, type Finding } from '../report.ts';
import { takeTurns } from '../rounds.ts';

const ROUNDS = 9;

/** Work of several kinds, each some tens of milliseconds; the size is put in for SIZE. */
const PROGRAMS: Readonly<Record<string, { readonly source: string; readonly size: number }>> = {
  'fib, calls': {
    source: 'const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2)); fib(SIZE)',
    size: 24,
  },
  'a loop of sums': {
    source: 'let s = 0; for (let n = 0; n < SIZE; n += 1) s = (s + n * 3) % 1000003; s',
    size: 1_000_000,
  },
  'keys of an object': {
    source: 'const o = {}; for (let n = 0; n < SIZE; n += 1) o["k" + n] = n; Object.keys(o).length',
    size: 100_000,
  },
  'JSON, there and back': {
    source:
      'const a = Array.from({ length: SIZE }, (_, n) => ({ n, s: "x" + n })); JSON.parse(JSON.stringify(a)).length',
    size: 20_000,
  },
  'a regular expression': {
    source:
      'let s = 0; for (let n = 0; n < SIZE; n += 1) s += /(a+)b[c-f]*g/.test("xxaaaabcdefg" + n); s',
    size: 30_000,
  },
  'a sort': {
    source:
      'let s = 1; const a = Array.from({ length: SIZE }, () => (s = (s * 48271) % 2147483647)); a.sort((x, y) => x - y)[0]',
    size: 40_000,
  },
};

/** The bench. */
export const fuel: Bench = {
  about: 'counting instructions in QuickJS',
  run: (options) => measureOverhead(scaled(options, ROUNDS, 3)),
};

async function measureOverhead(rounds: number): Promise<Finding[]> {
  const original = new Uint8Array(
    readFileSync(new URL(import.meta.resolve('quickjs-wasi/quickjs.wasm'))),
  );
  const startedMs = performance.now();
  const counting = new webAssembly.Module(injectFuel(original));
  const rewriteMs = performance.now() - startedMs;
  const plain = new webAssembly.Module(original);
  const findings: Finding[] = [
    { work: 'fuel: rewriting QuickJS, once', figure: duration(rewriteMs) },
  ];
  for (const [name, { source, size }] of Object.entries(PROGRAMS)) {
    const program = source.replace('SIZE', String(size));
    let used = 0;
    const figures = await takeTurns(rounds, {
      plain: async () => (await timeProgram(plain, program)).tookMs,
      counting: async () => {
        const timed = await timeProgram(counting, program);
        used = timed.used;
        return timed.tookMs;
      },
    });
    const ratio = figures.counting / figures.plain;
    findings.push({
      work: `fuel: ${name}, ${rate((used * 1_000) / figures.counting / 1e6, 'M fuel')}`,
      figure: duration(figures.counting),
      peer: `uncounted: ${duration(figures.plain)}`,
      ratio,
      goal: atMost(ratio, 1.5, '1.5'),
    });
  }
  return findings;
}

async function timeProgram(
  wasm: WasmModule,
  program: string,
): Promise<{ readonly tookMs: number; readonly used: number }> {
  const machine = await QuickJS.create({ wasm });
  const startedMs = performance.now();
  machine.evalCode(program).dispose();
  const tookMs = performance.now() - startedMs;
  const { exports } = machine as unknown as { readonly exports: Readonly<Record<string, unknown>> };
  const counter = exports[FUEL_EXPORT] as WasmCounter | undefined;
  const used = counter === undefined ? 0 : Number(FUEL_AT_START - counter.value);
  machine.dispose();
  return { tookMs, used };
}
