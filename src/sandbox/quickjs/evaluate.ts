/** Evaluations: short scripts for rules and replay, one after the other in a process that is kept. */
import { SkeinError } from '#protocol/errors.ts';
import { FRAME } from './frames.ts';
import type { End, Order } from './frames.ts';
import { checkTime } from './order-of.ts';
import type { Evaluate, Evaluation, EvaluationOptions } from './quickjs.ts';
import { pagesFor } from './start-machine.ts';
import type { MachineProcess } from './start-machine.ts';

const DEFAULT_MEMORY_BYTES = 64 * 1024 * 1024;
const OUTPUT_BYTES = 64 * 1024;
/** Slower than this, the process is taken for broken: a hundredth of what a busy machine does. */
const LEAST_FUEL_PER_MS = 10_000;
const LEAST_WALL_MS = 30_000;
/** A new process after so many, so that nothing can gather in one for ever. */
const EVALUATIONS_EACH = 1_000;

/** Evaluates with the processes that `start` gives; the last of them is in use, or waits. */
export function openEvaluator(start: (maxMemoryPages: number) => MachineProcess): {
  readonly evaluate: Evaluate;
  readonly close: () => Promise<void>;
} {
  let process: MachineProcess | undefined;
  let left = 0;
  let turn: Promise<unknown> = Promise.resolve();

  const processFor = async (pages: number): Promise<MachineProcess> => {
    if (process !== undefined && left > 0 && process.maxMemoryPages === pages) return process;
    await process?.kill();
    process = start(pages);
    left = EVALUATIONS_EACH;
    await process.ready;
    return process;
  };
  const evaluateNow = async (order: Order): Promise<Evaluation> => {
    const current = await processFor(pagesFor(order.memoryBytes));
    left -= 1;
    const evaluation = await giveOrder(current, order);
    if (evaluation !== null) return evaluation;
    process = undefined;
    await current.kill();
    throw new SkeinError('sandbox-failed', 'Cannot evaluate the script: its process ended', {
      fix: 'Give it less fuel, or run skein sandbox probe.',
    });
  };
  return {
    evaluate: async (source, input, options) => {
      const order = evaluationOrder(source, input, options);
      const evaluation = turn.then(() => evaluateNow(order));
      turn = evaluation.catch(() => undefined);
      return evaluation;
    },
    close: async () => {
      await process?.kill();
    },
  };
}

function evaluationOrder(source: string, input: unknown, options: EvaluationOptions): Order {
  const { seed, timeMs, fuel, memoryBytes = DEFAULT_MEMORY_BYTES } = options;
  checkTime({ seed, timeMs });
  if (!Number.isSafeInteger(fuel) || fuel < 1) {
    throw new SkeinError('usage', `Cannot evaluate with ${fuel} fuel: it has to be 1 or more`);
  }
  const wallMs = Math.max(LEAST_WALL_MS, Math.ceil(fuel / LEAST_FUEL_PER_MS));
  return {
    language: 'javascript',
    source,
    args: [],
    input: JSON.stringify(input) ?? null,
    files: [],
    seed,
    timeMs,
    fuel,
    memoryBytes,
    // Time is no limit of its own: whoever meets it did not get an answer, see below.
    wallMs,
    cpuMs: wallMs,
    mostOutputBytes: OUTPUT_BYTES,
    mostValueBytes: OUTPUT_BYTES * 16,
  };
}

/** Null when there is no answer that would be the same elsewhere. */
async function giveOrder(process: MachineProcess, order: Order): Promise<Evaluation | null> {
  const answer = Promise.withResolvers<End | null>();
  let error = '';
  const late = setTimeout(() => answer.resolve(null), order.wallMs * 2);
  void process.ended.then(() => answer.resolve(null));
  process.give(order, ({ kind, payload }) => {
    if (kind === FRAME.stderr) error += Buffer.from(payload).toString('utf8');
    if (kind === FRAME.end) answer.resolve(JSON.parse(payload.toString()) as End);
  });
  const end = await answer.promise;
  clearTimeout(late);
  if (end === null || end.status === 'timeout') return null;
  return { status: end.status, value: end.value, error, fuel: end.fuel };
}
