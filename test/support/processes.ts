/** Finds processes of this machine by what they run, also those that a jail knows by other numbers. */
import { readdirSync, readFileSync } from 'node:fs';

/** The ids of all living processes with exactly these arguments. */
export const findProcesses = (...argv: readonly string[]): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name) && commandLine(name) === `${argv.join('\0')}\0`)
    .map(Number);

/** Empty for one that is gone, and for a zombie whose parent reaps late. */
function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
