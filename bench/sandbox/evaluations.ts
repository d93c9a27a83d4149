/** T0: how soon a small program in QuickJS has its answer, beside Node's own contexts and its start. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Script } from 'node:vm';
import { openQuickjs } from '#sandbox/quickjs/open-quickjs.ts';
import type { QuickjsTier } from '#sandbox/quickjs/quickjs.ts';
import { atMost, duration, scaled, type BenchOptions, type Finding } from '../report.ts';
import { takeTurns } from '../rounds.ts';
import { timePlain } from './plain-program.ts';
import type { Setting } from './setting.ts';
import { code, timeRun } from './timed-run.ts';

const EVALUATIONS = 200;
const RUNS = 7;
const SOURCE = 'input.a + 1';
/** After this a new process waits, as it does between the runs of a person or an agent. */
const REFILL_MS = 600;

/** The part. */
export async function measureEvaluations(
  { folder }: Setting,
  options: BenchOptions,
): Promise<Finding[]> {
  const cacheFolder = join(folder, 'quickjs');
  const pooled = await openQuickjs({ cacheFolder, pool: 1 });
  const bare = await openQuickjs({ cacheFolder, pool: 0 });
  try {
    const evaluations = scaled(options, EVALUATIONS, 40);
    return [
      await measureEvaluation(pooled, evaluations),
      ...(await measureRuns(pooled, bare, scaled(options, RUNS, 3))),
    ];
  } finally {
    await Promise.all([pooled.close(), bare.close()]);
  }
}

async function measureEvaluation(tier: QuickjsTier, rounds: number): Promise<Finding> {
  const { evaluate, script } = await takeTurns(rounds, {
    evaluate: async () => {
      const startedMs = performance.now();
      await tier.evaluate(SOURCE, { a: 1 }, { seed: 1, timeMs: 0, fuel: 100_000_000 });
      return performance.now() - startedMs;
    },
    script: () => {
      const startedMs = performance.now();
      new Script(SOURCE).runInNewContext({ input: { a: 1 } });
      return performance.now() - startedMs;
    },
  });
  return {
    work: 'T0: an evaluation in a fresh machine, p50',
    figure: duration(evaluate),
    peer: `new vm.Script in a fresh context, no wall: ${duration(script)}`,
    ratio: evaluate / script,
    goal: atMost(evaluate, 3, '3 ms'),
  };
}

async function measureRuns(
  pooled: QuickjsTier,
  bare: QuickjsTier,
  rounds: number,
): Promise<Finding[]> {
  const request = code('javascript', '1 + 1');
  const { warm, cold, node } = await takeTurns(rounds, {
    warm: async () => {
      await sleep(REFILL_MS);
      return timeRun(pooled, request);
    },
    cold: () => timeRun(bare, request),
    node: () => timePlain([process.execPath, '-e', '1 + 1']),
  });
  const peer = `node -e: ${duration(node)}`;
  return [
    {
      work: 'T0: a run in a waiting process, p50',
      figure: duration(warm),
      peer,
      ratio: warm / node,
    },
    { work: 'T0: a run in a new process, p50', figure: duration(cold), peer, ratio: cold / node },
  ];
}
