/** Runs a compiler for its answer on stdout: limited environment, time and output. */
import { execFile } from 'node:child_process';
import { SkeinError } from '#protocol/errors.ts';

const TIMEOUT_MS = 30_000;
const OUTPUT_LIMIT_BYTES = 64 * 1024 * 1024;

/** What it printed; exit codes do not matter. Throws `language-server-failed` when it can't run. */
export function runCompiler(
  command: string,
  args: readonly string[],
  home: string,
): Promise<string> {
  const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LANG: 'C', HOME: home };
  const limits = {
    timeout: TIMEOUT_MS,
    maxBuffer: OUTPUT_LIMIT_BYTES,
    killSignal: 'SIGKILL',
  } as const;
  return new Promise((resolve, reject) => {
    execFile(command, [...args], { ...limits, env, cwd: home }, (error, stdout) => {
      // A compiler that only complains exits with a number; anything else never ran to its end.
      if (error && typeof error.code !== 'number') {
        const message = `Cannot read the configuration: ${error.message.split('\n')[0]}`;
        reject(new SkeinError('language-server-failed', message, { fix: 'Run it again' }));
      } else {
        resolve(stdout);
      }
    });
  });
}
