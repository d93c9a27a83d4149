/** Programs made by chance: what the rewritten module counts is what an independent walk counts. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FUEL_AT_START, FUEL_EXPORT, injectFuel } from './inject-fuel.ts';
import { functionsModule } from './tiny-module.ts';
import { webAssembly } from './web-assembly.ts';
import type { WasmCounter } from './web-assembly.ts';

/** A statement. `x` is the function's parameter; every round of a loop has a counter of its own. */
type Statement =
  | { readonly type: 'add'; readonly value: number }
  | { readonly type: 'if'; readonly bit: number; readonly yes: Code; readonly no: Code }
  | {
      readonly type: 'loop';
      readonly rounds: number;
      readonly counter: number;
      readonly body: Code;
    }
  | { readonly type: 'leave'; readonly bit: number; readonly body: Code; readonly rest: Code }
  | { readonly type: 'switch'; readonly cases: readonly [Code, Code] }
  | { readonly type: 'call'; readonly callee: number }
  | { readonly type: 'return'; readonly bit: number };
type Code = readonly Statement[];

const COUNTERS = 6;

/** Chance that can be repeated (xorshift32): whole numbers below `below`. */
function chanceOf(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function makeCode(chance: (below: number) => number, depth: number, callees: number): Code {
  const inner = (): Code => makeCode(chance, depth - 1, callees);
  const bit = (): number => 1 << chance(5);
  const make = (): Statement => {
    switch (depth === 0 ? chance(2) * 6 : chance(8)) {
      case 1:
        return { type: 'if', bit: bit(), yes: inner(), no: inner() };
      case 2:
        return { type: 'loop', rounds: 1 + chance(4), counter: depth, body: inner() };
      case 3:
        return { type: 'leave', bit: bit(), body: inner(), rest: inner() };
      case 4:
        return { type: 'switch', cases: [inner(), inner()] };
      case 5:
        if (callees > 0) return { type: 'call', callee: chance(callees) };
        return { type: 'add', value: 3 };
      case 6:
        if (chance(6) === 0) return { type: 'return', bit: bit() };
        return { type: 'add', value: 1 };
      default:
        return { type: 'add', value: chance(60) };
    }
  };
  return Array.from({ length: chance(4) }, make);
}

const test = (bit: number): number[] => [0x20, 0, 0x41, bit, 0x71];

/** As instructions. */
function emit(code: Code): number[] {
  return code.flatMap((statement): number[] => {
    switch (statement.type) {
      case 'add':
        return [0x20, 0, 0x41, statement.value, 0x6a, 0x21, 0];
      case 'if':
        return [
          ...test(statement.bit),
          0x04,
          0x40,
          ...emit(statement.yes),
          0x05,
          ...emit(statement.no),
          0x0b,
        ];
      case 'loop': {
        const { counter, rounds, body } = statement;
        const next = [0x20, counter, 0x41, 1, 0x6b, 0x22, counter, 0x0d, 0];
        return [0x41, rounds, 0x21, counter, 0x03, 0x40, ...emit(body), ...next, 0x0b];
      }
      case 'leave':
        return [0x02, 0x40, ...emit(statement.body), ...test(statement.bit), 0x0d, 0].concat(
          emit(statement.rest),
          [0x0b],
        );
      case 'switch':
        return [0x02, 0x40, 0x02, 0x40, ...test(3), 0x0e, 1, 0, 1, 0x0b].concat(
          emit(statement.cases[0]),
          [0x0c, 0, 0x0b],
          emit(statement.cases[1]),
        );
      case 'call':
        return [0x20, 0, 0x10, statement.callee, 0x21, 0];
      case 'return':
        return [...test(statement.bit), 0x04, 0x40, 0x20, 0, 0x0f, 0x0b];
    }
    return [];
  });
}

/** Runs it by the meaning of the statements, counting instructions as they are written in `emit`. */
class Walk {
  cost = 0;
  readonly #functions: readonly Code[];

  constructor(functions: readonly Code[]) {
    this.#functions = functions;
  }

  call(index: number, argument: number): number {
    const frame = { x: argument };
    if (!this.#run(this.#functions[index] ?? [], frame)) this.cost += 1;
    return frame.x;
  }

  /** Whether it returned. */
  #run(code: Code, frame: { x: number }): boolean {
    return code.some((statement) => this.#step(statement, frame));
  }

  #step(statement: Statement, frame: { x: number }): boolean {
    switch (statement.type) {
      case 'add':
        this.cost += 4;
        frame.x = (frame.x + statement.value) | 0;
        return false;
      case 'if':
        this.cost += 4;
        return this.#run((frame.x & statement.bit) === 0 ? statement.no : statement.yes, frame);
      case 'loop':
        this.cost += 2;
        for (let left = statement.rounds; left > 0; left -= 1) {
          if (this.#run(statement.body, frame)) return true;
          this.cost += 5;
        }
        return false;
      case 'leave':
        if (this.#run(statement.body, frame)) return true;
        this.cost += 4;
        return (frame.x & statement.bit) === 0 && this.#run(statement.rest, frame);
      case 'switch':
        this.cost += 4;
        if ((frame.x & 3) === 0) {
          if (this.#run(statement.cases[0], frame)) return true;
          this.cost += 1;
        }
        return this.#run(statement.cases[1], frame);
      case 'call':
        this.cost += 3;
        frame.x = this.call(statement.callee, frame.x);
        return false;
      case 'return':
        this.cost += 4;
        if ((frame.x & statement.bit) === 0) return false;
        this.cost += 2;
        return true;
    }
    return false;
  }
}

it('counts programs made by chance exactly', () => {
  for (let seed = 1; seed <= 150; seed += 1) {
    const chance = chanceOf(seed * 2_654_435_761);
    const codes = [0, 1, 2].map((callees) => makeCode(chance, 4, callees));
    const functions = codes.map((code) => ({ locals: COUNTERS, code: [...emit(code), 0x20, 0] }));
    const wasm = injectFuel(functionsModule(functions));
    const instance = new webAssembly.Instance(new webAssembly.Module(wasm));
    const run = instance.exports['run'] as (argument: number) => number;
    const fuel = instance.exports[FUEL_EXPORT] as WasmCounter;
    for (const argument of [0, 5, 30]) {
      const walk = new Walk(codes);
      const expected = walk.call(2, argument);
      fuel.value = FUEL_AT_START;
      assert.equal(run(argument), expected, `seed ${seed}, argument ${argument}: the result`);
      const used = FUEL_AT_START - fuel.value;
      assert.equal(used, BigInt(walk.cost), `seed ${seed}, argument ${argument}: the fuel`);
    }
  }
});
