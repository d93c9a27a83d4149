/**
 * Starts git and waits for it: own environment, no shell, limits on time and output. Everything
 * that talks to a repository goes through here, so hooks, prompts and downloads are off everywhere.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { SkeinError } from '#protocol/errors.ts';
import { GIT_SETTINGS, gitEnvironment } from './git-environment.ts';
import { explainGitFailure } from './git-failure.ts';

const DEFAULT_TIMEOUT_MS = 120_000;
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;
const MAX_ERROR_BYTES = 64 * 1024;

/** One call of git. `okCodes` are the exit codes that don't throw (default: only 0). */
export interface GitCall {
  readonly cwd: string;
  readonly args: readonly string[];
  readonly input?: Uint8Array | string;
  readonly settings?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly okCodes?: readonly number[];
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** What git answered. */
export interface GitResult {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/**
 * Runs git with the settings of every Skein call before those of `call`. Throws `git-missing`,
 * `git-failed` (or what the failure is known to mean), `interrupted` when `signal` fires.
 */
export async function runGit(call: GitCall): Promise<GitResult> {
  const settings = [...GIT_SETTINGS, ...(call.settings ?? [])];
  const result = await runPlainGit({
    ...call,
    args: [...settings.flatMap((setting) => ['-c', setting]), ...call.args],
  });
  if ((call.okCodes ?? [0]).includes(result.code)) return result;
  throw explainGitFailure({ args: call.args, cwd: call.cwd, ...result });
}

/** The answer of git as text without its last newline; throws like `runGit`. */
export async function gitText(call: GitCall): Promise<string> {
  const { stdout } = await runGit(call);
  return stdout.toString('utf8').replace(/\n$/u, '');
}

/** Runs git with nothing but its arguments: to ask what the user's own settings are. */
export function runPlainGit(call: GitCall): Promise<GitResult> {
  if (call.signal?.aborted === true) return Promise.reject(interrupted(call));
  return new Promise((resolve, reject) => {
    const child = spawn('git', ['--no-pager', ...call.args], {
      cwd: call.cwd,
      env: gitEnvironment(process.env, call.environment),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const stdout = collect(MAX_OUTPUT_BYTES, () => child.kill('SIGKILL'));
    const stderr = collect(MAX_ERROR_BYTES, () => undefined);
    const stop = (): boolean => child.kill('SIGTERM');
    const timer = setTimeout(stop, call.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    call.signal?.addEventListener('abort', stop, { once: true });
    const settle = (): void => {
      clearTimeout(timer);
      call.signal?.removeEventListener('abort', stop);
    };
    child.stdout.on('data', stdout.take);
    child.stderr.on('data', stderr.take);
    child.on('error', (error) => {
      settle();
      reject(startFailure(call, error));
    });
    child.on('close', (code) => {
      settle();
      if (call.signal?.aborted === true) return reject(interrupted(call));
      if (code === null) return reject(stopped(call));
      resolve({ code, stdout: stdout.bytes(), stderr: stderr.bytes().toString('utf8') });
    });
    // git may answer before it has read everything: its exit code says what happened
    child.stdin.on('error', () => undefined);
    child.stdin.end(call.input ?? '');
  });
}

interface Collector {
  readonly take: (chunk: Buffer) => void;
  readonly bytes: () => Buffer;
}

function collect(limit: number, overflow: () => void): Collector {
  const chunks: Buffer[] = [];
  let size = 0;
  const take = (chunk: Buffer): void => {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
    else overflow();
  };
  return { take, bytes: () => Buffer.concat(chunks) };
}

const interrupted = (call: GitCall): SkeinError =>
  new SkeinError('interrupted', `Cannot finish git ${call.args[0]}: it was interrupted`);

const stopped = (call: GitCall): SkeinError =>
  new SkeinError('git-failed', `Cannot run git ${call.args[0]}: it was stopped at its limit`, {
    fix: 'Look whether the repository is on a slow or full disk, then try again.',
    details: { args: call.args.slice(0, 12) },
  });

function startFailure(call: GitCall, cause: Error): SkeinError {
  // a missing working folder and a missing program both say ENOENT
  if (!existsSync(call.cwd)) {
    const message = `Cannot run git in ${call.cwd}: there is no such folder`;
    return new SkeinError('repository-not-found', message, { cause });
  }
  return new SkeinError('git-missing', 'Cannot run git: it was not found on PATH', {
    fix: 'Install git 2.30 or newer (https://git-scm.com/downloads).',
    cause,
  });
}
