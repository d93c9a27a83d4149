/**
 * No sandbox at all: programs run as they are, on this machine. Attacks have to succeed here, or they would
 * hold anywhere. Only for those that do no lasting harm.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRuntimeFiles } from '#sandbox/deno/runtime/runtime-files.ts';
import { CODE_LIMITS } from '#sandbox/limits.ts';
import type { ChangedFile, Program, Sandbox, SandboxResult } from '#sandbox/sandbox.ts';
import { SkeinError } from '#protocol/errors.ts';

/** Files of a run go there: never cleaned, so that the next run finds them. */
const SHARED = mkdtempSync(join(tmpdir(), 'skein-bare-'));
process.on('exit', () => rmSync(SHARED, { recursive: true, force: true }));

const KEPT = 'kept-from-before';
const MOST = 2 * 1024 * 1024;

/** Runs programs without any wall. */
export const bareSandbox: Pick<Sandbox, 'run'> = {
  run: ({ program, limits }) => ({
    events: (async function* none() {})(),
    result: runBare(wordsOf(program), { ...CODE_LIMITS, ...limits }),
    kill: async () => undefined,
  }),
};

function wordsOf(program: Program): readonly string[] {
  if (program.type === 'command') return program.argv;
  if (program.language === 'python') return ['python3', '-c', program.source];
  const files = findRuntimeFiles();
  if ('problem' in files) throw new SkeinError('sandbox-unavailable', files.problem);
  return [files.deno, 'eval', '--ext=mjs', program.source];
}

function runBare(
  words: readonly string[],
  limits: SandboxResult['limits'],
): Promise<SandboxResult> {
  tidy();
  // A shell stands between: what kills its parent does not kill the test.
  const child = spawn('sh', ['-c', '"$@"; exit $?', 'sh', ...words], {
    cwd: SHARED,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, HOME: SHARED },
    detached: true,
  });
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    process.kill(-(child.pid ?? 0), 'SIGKILL');
  }, limits.wallMs);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode, signal) => {
      clearTimeout(timer);
      setImmediate(() =>
        resolve({
          status: isLate ? 'timeout' : exitCode === 0 ? 'ok' : 'error',
          exitCode,
          signal,
          value: null,
          stdout: stdout(),
          stderr: stderr(),
          durationMs: 0,
          cpuMs: null,
          peakBytes: null,
          fuel: null,
          changed: leftFiles(),
          refused: [],
          enclosure: {
            tier: 'T2',
            mechanism: 'none',
            strength: 'runtime',
            walls: [],
            versions: {},
          },
          limits,
        }),
      );
    });
  });
}

function collect(stream: NodeJS.ReadableStream): () => SandboxResult['stdout'] {
  const chunks: Buffer[] = [];
  let totalBytes = 0;
  stream.on('data', (chunk: Buffer) => {
    if (totalBytes < MOST) chunks.push(chunk);
    totalBytes += chunk.length;
  });
  return () => ({ text: Buffer.concat(chunks).toString('latin1'), totalBytes });
}

/** Follows links, as somebody does who takes what was left without a look; one folder deep. */
function leftFiles(): readonly ChangedFile[] {
  const names = ['.', '.git/hooks'].flatMap((folder) =>
    existsSync(join(SHARED, folder))
      ? readdirSync(join(SHARED, folder)).map((name) => join(folder, name))
      : [],
  );
  return names.flatMap((path): ChangedFile[] => {
    const found = statSync(join(SHARED, path), { throwIfNoEntry: false });
    if (found?.isFile() !== true) return [];
    const content = readFileSync(join(SHARED, path));
    return [{ path, change: 'added', before: null, after: '', content }];
  });
}

/** Only what is to be found again stays. */
function tidy(): void {
  for (const name of readdirSync(SHARED)) {
    if (name !== KEPT) rmSync(join(SHARED, name), { recursive: true, force: true });
  }
}
