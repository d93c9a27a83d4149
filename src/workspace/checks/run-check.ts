/**
 * Runs one check: no terminal, an environment of its own, a time limit, its process group ended
 * whatever happens. The answer is what the program did, never an opinion: comparing is elsewhere.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SkeinError } from '#protocol/errors.ts';
import { deleteFolder } from '#workspace/git/worktree-files.ts';
import type { Check, CheckResult } from './check.ts';
import { checkEnvironment } from './check-environment.ts';
import { openOutputPipe, type OutputPipe } from './output-pipe.ts';
import { outputTail } from './output-tail.ts';
import { endGroup, startGroup } from './process-group.ts';

/** How long a check may take when nothing else is said. */
export const CHECK_TIMEOUT_MS = 600_000;
const KEPT_OUTPUT_BYTES = 256 * 1024;
const LATE_OUTPUT_MS = 500;

/** How to run a check. */
export interface CheckRun {
  /** The worktree. */
  readonly cwd: string;
  readonly check: Pick<Check, 'name' | 'command'>;
  /** When it begins, by the caller's clock (milliseconds); returned as it is. */
  readonly startedAt: number;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly onOutput?: (chunk: Buffer) => void;
  /** Called with the id of the process group as soon as there is one. */
  readonly onStart?: (pid: number) => void;
  /** Where its home and temp folder are made; by default the system's folder for such things. */
  readonly scratch?: string;
  /** Added to the environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Runs a check to its end, its limit or the abort of `signal`. A failing check is a result, not an
 * error; throws `workspace-failed` when it can't be started.
 */
export async function runCheck(run: CheckRun): Promise<CheckResult> {
  assertFolder(run);
  const folder = mkdtempSync(join(run.scratch ?? tmpdir(), 'skein-check-'));
  try {
    return await runIn(folder, run);
  } finally {
    // what a check left running elsewhere may still write here: its files are not our failure
    await deleteFolder(folder).catch(() => undefined);
  }
}

interface Ending {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

async function runIn(folder: string, run: CheckRun): Promise<CheckResult> {
  const { name, command } = run.check;
  const tail = outputTail(KEPT_OUTPUT_BYTES);
  const pipe = openPipe(run);
  const began = performance.now();
  const child = startGroup({
    argv: ['/bin/sh', '-c', command],
    cwd: run.cwd,
    environment: { ...checkEnvironment(process.env, folder, command), ...run.environment },
    output: pipe.writer,
  });
  pipe.closeWriter();
  const drained = once(pipe.reader, 'close');
  pipe.reader.on('data', (chunk: Buffer) => {
    tail.add(chunk);
    run.onOutput?.(chunk);
  });
  try {
    const stops = await endingOf(child, run);
    const durationMs = Math.round(performance.now() - began);
    // what the check left in the background goes too; then the pipe has no writer and ends
    if (child.pid !== undefined) await endGroup(child.pid);
    await Promise.race([drained, sleep(LATE_OUTPUT_MS, undefined, { ref: false })]);
    const said = { output: tail.text(), outputBytes: tail.totalBytes() };
    return { name, command, ...stops, startedAt: run.startedAt, durationMs, ...said };
  } finally {
    pipe.reader.destroy();
    for (const stream of child.stdio) stream?.destroy();
  }
}

async function endingOf(
  child: ChildProcess,
  run: CheckRun,
): Promise<Ending & Pick<CheckResult, 'timedOut' | 'cancelled'>> {
  const stops = { timedOut: false, cancelled: false };
  const stop = (reason: keyof typeof stops) => (): void => {
    stops[reason] = true;
    if (child.pid !== undefined) void endGroup(child.pid);
  };
  const cancel = stop('cancelled');
  const timer = setTimeout(stop('timedOut'), run.timeoutMs ?? CHECK_TIMEOUT_MS);
  const ended = new Promise<Ending>((resolve, reject) => {
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
    child.once('error', (cause) => reject(notStarted(run, cause)));
  });
  run.signal?.addEventListener('abort', cancel, { once: true });
  if (run.signal?.aborted === true) cancel();
  try {
    if (child.pid !== undefined) run.onStart?.(child.pid);
    return { ...(await ended), ...stops };
  } finally {
    clearTimeout(timer);
    run.signal?.removeEventListener('abort', cancel);
  }
}

function openPipe(run: CheckRun): OutputPipe {
  try {
    return openOutputPipe();
  } catch (cause) {
    throw notStarted(run, cause instanceof Error ? cause : new Error(String(cause)));
  }
}

function assertFolder(run: CheckRun): void {
  // a missing folder would look like a missing shell
  if (statSync(run.cwd, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw notStarted(run, new Error(`there is no folder ${run.cwd}`));
  }
}

function notStarted(run: CheckRun, cause: Error): SkeinError {
  const message = `Cannot run the check ${run.check.name}: ${cause.message}`;
  return new SkeinError('workspace-failed', message, { cause });
}
