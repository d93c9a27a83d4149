/**
 * The process in which QuickJS runs: reads orders from its standard input and answers with frames, until
 * its input ends. Arguments: the binary with fuel, and the most pages its memory may have.
 */
import { readFileSync, readSync, writeSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { deserialize } from 'node:v8';
import { limitMemory } from '#sandbox/fuel/inject-fuel.ts';
import { webAssembly } from '#sandbox/fuel/web-assembly.ts';
import { decodeHeader, encodeFrame, FRAME } from './frames.ts';
import type { End, Order } from './frames.ts';
import { runInMachine } from './virtual-machine.ts';

const OUTPUT_FRAME_BYTES = 64 * 1024;

/** Output on its way: what is small waits for more, of the same kind, until it is told or time passes. */
class FrameOutlet {
  #kind = 0;
  #waiting: Uint8Array[] = [];
  #bytes = 0;

  write(descriptor: 1 | 2, bytes: Uint8Array): void {
    const kind = descriptor === 1 ? FRAME.stdout : FRAME.stderr;
    if (kind !== this.#kind || this.#bytes + bytes.length > OUTPUT_FRAME_BYTES) this.flush();
    this.#kind = kind;
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
  }

  flush(): void {
    if (this.#bytes === 0) return;
    const all = Buffer.concat(this.#waiting);
    for (let at = 0; at < all.length; at += OUTPUT_FRAME_BYTES) {
      send(this.#kind, all.subarray(at, at + OUTPUT_FRAME_BYTES));
    }
    this.#waiting = [];
    this.#bytes = 0;
  }
}

/** Waits while nobody reads; the pipe is one that blocks. */
function send(kind: number, payload?: Uint8Array): void {
  const frame = encodeFrame(kind, payload);
  for (let at = 0; at < frame.length;) at += writeSync(1, frame, at);
}

/** Exactly that many bytes; null at the end of the input. */
function receive(count: number): Uint8Array | null {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count;) {
    const read = readSync(0, bytes, at, count - at, null);
    if (read === 0) return null;
    at += read;
  }
  return bytes;
}

function receiveOrder(): Order | null {
  const header = receive(5);
  const payload = header === null ? null : receive(decodeHeader(header).length);
  return payload === null ? null : (deserialize(payload) as Order);
}

/** A program whose types can't be taken away ends as one that has an error. */
function javascriptOf(order: Order): string | { readonly fault: string } {
  if (order.language !== 'typescript') return order.source;
  try {
    return stripTypeScriptTypes(order.source, { mode: 'strip' });
  } catch (thrown) {
    return { fault: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

async function serve(order: Order, module: ReturnType<typeof compile>): Promise<void> {
  const outlet = new FrameOutlet();
  const source = javascriptOf(order);
  let end: End;
  if (typeof source === 'string') end = await runInMachine(module, order, source, outlet);
  else {
    outlet.write(2, Buffer.from(`SyntaxError: ${source.fault.trimEnd()}\n`));
    end = { status: 'error', limit: null, value: null, fuel: 0, cpuMs: 0, peakBytes: 0 };
  }
  outlet.flush();
  send(FRAME.end, Buffer.from(JSON.stringify(end)));
}

function compile(file: string, pages: number) {
  return new webAssembly.Module(limitMemory(new Uint8Array(readFileSync(file)), pages));
}

/** The first machine of a process is slow, since its code is not compiled yet: so that is not a run's. */
const WARM_UP: Order = {
  language: 'javascript',
  source: 'const warm = [1].map((n) => n + 1); JSON.stringify({ warm })',
  args: [],
  input: null,
  files: [],
  seed: 0,
  timeMs: 0,
  fuel: 0,
  memoryBytes: 16 * 1024 * 1024,
  wallMs: 10_000,
  cpuMs: 10_000,
  mostOutputBytes: 1_024,
  mostValueBytes: 1_024,
};

const module = compile(process.argv[2] ?? '', Number(process.argv[3]));
await runInMachine(module, WARM_UP, WARM_UP.source, new FrameOutlet());
send(FRAME.ready);
for (let order = receiveOrder(); order !== null; order = receiveOrder()) await serve(order, module);
