/** Runs programs in a tier and takes their time, from the request until their process is dead. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openDeno, type DenoOptions, type DenoTier } from '#sandbox/deno/open-deno.ts';
import type { Language, SandboxRequest, SandboxResult, SandboxRun } from '#sandbox/sandbox.ts';
import { assertSound } from '../support/bench-space.ts';
import type { Absent } from './setting.ts';

/** What can run. */
export interface Runner {
  readonly run: (request: SandboxRequest) => SandboxRun;
}

/** A program in a language, as a request. */
export const code = (language: Language, source: string): SandboxRequest => ({
  program: { type: 'code', language, source },
});

/** Runs it to its end, which has to be a good one. */
export async function runSound(tier: Runner, request: SandboxRequest): Promise<SandboxResult> {
  const result = await tier.run(request).result;
  assertSound(result.status === 'ok', `${result.status}: ${result.stderr.text}`);
  return result;
}

/** Milliseconds of a run. */
export async function timeRun(tier: Runner, request: SandboxRequest): Promise<number> {
  const startedMs = performance.now();
  await runSound(tier, request);
  return performance.now() - startedMs;
}

/** How long a kill takes, once the program has said something: milliseconds until all is dead. */
export async function timeKill(tier: Runner, request: SandboxRequest): Promise<number> {
  const run = tier.run(request);
  for await (const event of run.events) if (event.type === 'stdout') break;
  const startedMs = performance.now();
  await run.kill();
  const tookMs = performance.now() - startedMs;
  const { status } = await run.result;
  assertSound(status === 'killed', `it ended as ${status} before it was killed`);
  return tookMs;
}

/** Uses a tier of Deno, which is closed in any case. */
export async function withDeno<T>(
  options: DenoOptions,
  use: (tier: DenoTier) => Promise<T>,
): Promise<T | Absent> {
  const tier = await openDeno(options);
  if ('problem' in tier) return tier;
  try {
    return await use(tier);
  } finally {
    await tier.close();
  }
}

const POOL_LIMIT_MS = 60_000;
const POLL_MS = 10;
const REST_MS = 150;

/** Waits until a process of the pool is ready, and a moment more, as it is between the runs of a person. */
export async function untilPooled(tier: DenoTier): Promise<void> {
  for (let waitedMs = 0; tier.pooled() === 0; waitedMs += POLL_MS) {
    assertSound(waitedMs < POOL_LIMIT_MS, 'the pool does not fill');
    await sleep(POLL_MS);
  }
  await sleep(REST_MS);
}
