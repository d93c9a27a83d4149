/**
 * Runs one program in one fresh QuickJS machine, in this thread, to its end or to a limit. Nothing of the
 * host can be reached from it; clock and chance are what the order says; instructions are counted.
 */
import { EvalFlags, QuickJS } from 'quickjs-wasi';
import type { JSValueHandle } from 'quickjs-wasi';
import { FUEL_EXPORT } from '#sandbox/fuel/inject-fuel.ts';
import type { WasmCounter, WasmModule } from '#sandbox/fuel/web-assembly.ts';
import type { End, Order } from './frames.ts';
import { PRELUDE } from './guest-prelude.ts';
import { MACHINE_STACK_BYTES } from './virtual-machine-limits.ts';

/** Where output goes: 1 is stdout, 2 stderr. `flush` is called now and then while a program runs. */
export interface Outlet {
  readonly write: (descriptor: 1 | 2, bytes: Uint8Array) => void;
  readonly flush: () => void;
}

/**
 * With no fuel limit, a run gets this much for each millisecond it may take: some ten times what an
 * engine does, so that even native loops that look at no clock end should the host have died.
 */
const BACKSTOP_FUEL_PER_MS = 100_000_000;

/** More than this a 32 bit memory can't have. */
const MOST_MEMORY_BYTES = 0xffff_0000;

type Limit = Exclude<End['limit'], null>;

const STATUS: Readonly<Record<Limit, End['status']>> = {
  wallMs: 'timeout',
  cpuMs: 'timeout',
  memoryBytes: 'memory',
  outputBytes: 'output',
  fuel: 'fuel',
};

/** What of the machine's exports is used beside the package's own API. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly qjs_promise_state: (promise: number) => 0 | 1 | 2;
  readonly qjs_promise_result: (promise: number) => number;
  readonly [FUEL_EXPORT]: WasmCounter;
}

/** What ended a program from within; `text` goes to its stderr. */
interface Fault {
  readonly text: string;
}

/** Runs the order's program. Never throws for what a program does. */
export async function runInMachine(
  module: WasmModule,
  order: Order,
  source: string,
  outlet: Outlet,
): Promise<End> {
  const run = new MachineRun(order, outlet);
  try {
    await run.open(module);
    return run.finish(run.execute(source));
  } catch (thrown) {
    return run.fail(thrown);
  } finally {
    run.close();
  }
}

/** A machine from its making to its end. */
class MachineRun {
  readonly #order: Order;
  readonly #outlet: Outlet;
  readonly #startedMs = Date.now();
  readonly #startedCpu = process.cpuUsage();
  readonly #fuel: number;
  #machine: QuickJS | undefined;
  #exports: Exports | undefined;
  #describe: JSValueHandle | undefined;
  #stringify: JSValueHandle | undefined;
  #stopped: { readonly limit: Limit; readonly used: number } | undefined;
  #outputBytes = 0;
  #isSetUp = false;

  constructor(order: Order, outlet: Outlet) {
    this.#order = order;
    this.#outlet = outlet;
    this.#fuel = order.fuel === 0 ? order.wallMs * BACKSTOP_FUEL_PER_MS : order.fuel;
  }

  async open(module: WasmModule): Promise<void> {
    const { seed, timeMs } = this.#order;
    const now = (): bigint => BigInt(timeMs ?? Date.now()) * 1_000_000n;
    // Chance is seeded once, from the clock of the day, while the machine is made.
    let dayClock = (): bigint => mix(BigInt(seed));
    const machine = await QuickJS.create({
      wasm: module,
      memoryLimit: Math.min(this.#order.memoryBytes, MOST_MEMORY_BYTES),
      maxStackSize: MACHINE_STACK_BYTES,
      timezoneOffset: 0,
      interruptHandler: () => this.#isOverTime(),
      wasi: (memory: { readonly buffer: ArrayBuffer }) => ({
        clock_time_get: (clock: number, _precision: bigint, at: number) => {
          const time = clock === DAY_CLOCK ? dayClock() : now();
          new DataView(memory.buffer).setBigUint64(at, time, true);
          return 0;
        },
        random_get: () => NOT_SUPPORTED,
        fd_write: () => NOT_SUPPORTED,
      }),
    });
    dayClock = now;
    this.#machine = machine;
    this.#exports = (machine as unknown as { readonly exports: Exports }).exports;
    this.#setUp(machine);
  }

  #setUp(machine: QuickJS): void {
    const { input, args, files } = this.#order;
    const write = machine.newFunction('write', (descriptor, text) => {
      this.#print(descriptor?.toNumber() === 2 ? 2 : 1, text?.toString() ?? '');
      return machine.undefined;
    });
    const world = machine.newString(
      `{${input === null ? '' : `"input":${input},`}"args":${JSON.stringify(args)}}`,
    );
    const names = machine.hostToHandle(files.map(({ path }) => path));
    const contents = machine.hostToHandle(files.map(({ content }) => textOrBytes(content)));
    const prelude = machine.evalCode(PRELUDE, 'prelude.js');
    const tools = machine.callFunction(prelude, machine.undefined, write, world, names, contents);
    this.#describe = tools.getProp('0');
    this.#stringify = tools.getProp('1');
    this.#isSetUp = true;
  }

  /** The program's value as JSON, or what it failed with. Throws at a limit. */
  execute(source: string): string | null | Fault {
    const machine = this.#machine as QuickJS;
    (this.#exports as Exports)[FUEL_EXPORT].value = BigInt(this.#fuel);
    const promise = machine.evalCode(source, 'program.js', EvalFlags.ASYNC);
    machine.executePendingJobs();
    const whole = this.#settled(promise);
    if (whole === 'pending') return { text: 'The program waits for something that never comes' };
    if ('error' in whole) return this.#fault(whole.error);
    const value = whole.value.getProp('value');
    if (!value.isPromise) return this.#json(value);
    const inner = this.#settled(value);
    if (inner === 'pending') return null;
    return 'error' in inner ? this.#fault(inner.error) : this.#json(inner.value);
  }

  #settled(
    promise: JSValueHandle,
  ): 'pending' | { value: JSValueHandle } | { error: JSValueHandle } {
    const exports = this.#exports as Exports;
    const { ptr } = promise as unknown as { readonly ptr: number };
    const state = exports.qjs_promise_state(ptr);
    if (state === 0) return 'pending';
    const Handle = promise.constructor as new (machine: unknown, ptr: number) => JSValueHandle;
    const result = new Handle(this.#machine, exports.qjs_promise_result(ptr));
    return state === 1 ? { value: result } : { error: result };
  }

  #json(value: JSValueHandle): string | null {
    const machine = this.#machine as QuickJS;
    const json = machine.callFunction(this.#stringify as JSValueHandle, machine.undefined, value);
    if (!json.isString) return null;
    const text = json.toString();
    if (Buffer.byteLength(text) > this.#order.mostValueBytes) this.#stop('outputBytes');
    return text;
  }

  #fault(reason: JSValueHandle): Fault {
    const machine = this.#machine as QuickJS;
    const describe = this.#describe as JSValueHandle;
    return { text: machine.callFunction(describe, machine.undefined, reason).toString() };
  }

  #print(descriptor: 1 | 2, text: string): void {
    const bytes = Buffer.from(text);
    this.#outputBytes += bytes.length;
    // The process that reads it counts on its own; this one need not go on either.
    if (this.#outputBytes > this.#order.mostOutputBytes) this.#stop('outputBytes');
    else this.#outlet.write(descriptor, bytes);
  }

  #isOverTime(): boolean {
    this.#outlet.flush();
    const { user, system } = process.cpuUsage(this.#startedCpu);
    if (Date.now() - this.#startedMs > this.#order.wallMs) this.#stop('wallMs');
    else if ((user + system) / 1_000 > this.#order.cpuMs) this.#stop('cpuMs');
    return this.#stopped !== undefined;
  }

  /** Without fuel it ends at its next loop or call, and nothing in it can catch that. */
  #stop(limit: Limit): void {
    this.#stopped ??= { limit, used: this.#used() };
    if (this.#exports !== undefined) this.#exports[FUEL_EXPORT].value = -1n;
  }

  #used(): number {
    if (this.#exports === undefined || !this.#isSetUp) return 0;
    return this.#fuel - Number(this.#exports[FUEL_EXPORT].value);
  }

  finish(answer: string | null | Fault): End {
    const limit = this.#limitMet();
    if (limit !== null) return this.#end(STATUS[limit], limit, null);
    if (answer === null || typeof answer === 'string') return this.#end('ok', null, answer);
    return this.#failure(answer.text);
  }

  fail(thrown: unknown): End {
    const limit = this.#limitMet();
    if (limit !== null) return this.#end(STATUS[limit], limit, null);
    const error = thrown as { readonly name?: string; readonly message?: string };
    if (isUncaught(thrown)) {
      const stack = thrown.stack === undefined ? '' : `\n${thrown.stack}`;
      return this.#failure(`${thrown.name}: ${thrown.message}${stack}`);
    }
    return this.#failure(`The virtual machine stopped: ${error.message ?? 'no reason'}`);
  }

  #failure(text: string): End {
    if (/^(InternalError: out of memory|.*wasm_malloc failed|.*initialize QuickJS)/.test(text)) {
      return this.#end('memory', 'memoryBytes', null);
    }
    this.#print(2, `${text.trimEnd()}\n`);
    return this.#end('error', null, null);
  }

  #limitMet(): Limit | null {
    if (this.#stopped !== undefined) return this.#stopped.limit;
    if (!this.#isSetUp || this.#used() <= this.#fuel) return null;
    return this.#order.fuel === 0 ? 'wallMs' : 'fuel';
  }

  #end(status: End['status'], limit: End['limit'], value: string | null): End {
    const { user, system } = process.cpuUsage(this.#startedCpu);
    return {
      status,
      limit,
      value,
      fuel: this.#stopped?.used ?? Math.min(this.#used(), this.#fuel),
      cpuMs: Math.round((user + system) / 1_000),
      peakBytes: this.#exports?.memory.buffer.byteLength ?? 0,
    };
  }

  /** The instance is let go of; its memory is freed with it, without a walk through the machine's heap. */
  close(): void {
    this.#machine = undefined;
    this.#exports = undefined;
  }
}

/** Names of WASI: `realtime` of the clocks, `nosys` of the errors. */
const DAY_CLOCK = 0;
const NOT_SUPPORTED = 52;

/** A thrown value of the program itself, as the package hands it on. */
const isUncaught = (thrown: unknown): thrown is Error =>
  thrown instanceof Error && thrown.constructor.name === 'JSException';

/** Text where it is UTF-8, else its bytes. */
function textOrBytes(content: Uint8Array): string | Uint8Array {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    return content;
  }
}

/** Spreads a seed over 62 bits (splitmix64), so that seeds that lie close give chances that do not. */
function mix(seed: bigint): bigint {
  const mask = 0xffff_ffff_ffff_ffffn;
  let mixed = (seed + 0x9e37_79b9_7f4a_7c15n) & mask;
  mixed = ((mixed ^ (mixed >> 30n)) * 0xbf58_476d_1ce4_e5b9n) & mask;
  mixed = ((mixed ^ (mixed >> 27n)) * 0x94d0_49bb_1331_11ebn) & mask;
  return (mixed ^ (mixed >> 31n)) >> 2n;
}
