/**
 * Runs one check: no terminal, an environment of its own, a time limit, its process group ended
 * whatever happens. The answer is what the program did, never an opinion: comparing is elsewhere.
 */
import { once } from 'node:events';
import { mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SkeinError } from '#protocol/errors.ts';
import { deleteFolder } from '#lib/delete-folder.ts';
import { OPEN_HOST } from '#workspace/programs/open-host.ts';
import type { Program, ProgramEnd, ProgramHost } from '#workspace/programs/program-host.ts';
import type { Check, CheckResult } from './check.ts';
import { checkEnvironment } from './check-environment.ts';
import { openOutputPipe, type OutputPipe } from './output-pipe.ts';
import { outputTail } from './output-tail.ts';

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
  /** What holds it; by default nothing. */
  readonly host?: ProgramHost;
  /** Hosts that it may reach, where it is held. */
  readonly network?: readonly string[];
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

async function runIn(folder: string, run: CheckRun): Promise<CheckResult> {
  const { name, command } = run.check;
  const tail = outputTail(KEPT_OUTPUT_BYTES);
  const pipe = openPipe(run);
  const began = performance.now();
  const drained = once(pipe.reader, 'close');
  pipe.reader.on('data', (chunk: Buffer) => {
    tail.add(chunk);
    run.onOutput?.(chunk);
  });
  try {
    const program = await startIn(folder, run, pipe);
    const { exitCode, signal, stops, ...used } = await endingOf(program, run);
    const durationMs = Math.round(performance.now() - began);
    // what the check left in the background goes too; then the pipe has no writer and ends
    await program.end();
    await Promise.race([drained, sleep(LATE_OUTPUT_MS, undefined, { ref: false })]);
    const said = { output: tail.text(), outputBytes: tail.totalBytes() };
    const ended = { exitCode, signal, ...stops, startedAt: run.startedAt, durationMs };
    return { name, command, ...ended, ...said, ...used, ...heldBy(run) };
  } finally {
    pipe.reader.destroy();
  }
}

const heldBy = ({ host }: CheckRun): Pick<CheckResult, 'enclosure'> =>
  host === undefined || host.enclosure === null ? {} : { enclosure: host.enclosure };

/** Starts it; from then on only the program has the writing end of the pipe. */
async function startIn(folder: string, run: CheckRun, pipe: OutputPipe): Promise<Program> {
  const { command } = run.check;
  try {
    return await (run.host ?? OPEN_HOST).start({
      argv: ['/bin/sh', '-c', command],
      cwd: run.cwd,
      root: run.cwd,
      access: 'write',
      scratch: [folder],
      environment: { ...checkEnvironment(process.env, folder, command), ...run.environment },
      input: 'ignore',
      output: pipe.writer,
      ...(run.network === undefined ? {} : { network: run.network }),
    });
  } catch (cause) {
    throw notStarted(run, cause instanceof Error ? cause : new Error(String(cause)));
  } finally {
    pipe.closeWriter();
  }
}

type Stops = Pick<CheckResult, 'timedOut' | 'cancelled'>;

async function endingOf(
  program: Program,
  run: CheckRun,
): Promise<ProgramEnd & { readonly stops: Stops }> {
  const stops = { timedOut: false, cancelled: false };
  const stop = (reason: keyof typeof stops) => (): void => {
    stops[reason] = true;
    void program.end();
  };
  const cancel = stop('cancelled');
  const timer = setTimeout(stop('timedOut'), run.timeoutMs ?? CHECK_TIMEOUT_MS);
  run.signal?.addEventListener('abort', cancel, { once: true });
  if (run.signal?.aborted === true) cancel();
  try {
    if (program.pid !== undefined) run.onStart?.(program.pid);
    return { ...(await program.ended), stops };
  } catch (cause) {
    throw notStarted(run, cause instanceof Error ? cause : new Error(String(cause)));
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
  // Walls that can't be put up say so themselves, and what to do.
  if (cause instanceof SkeinError) return cause;
  const message = `Cannot run the check ${run.check.name}: ${cause.message}`;
  return new SkeinError('workspace-failed', message, { cause });
}
