/**
 * Secrets that programs in the sandbox may use without seeing them: a file each in the home's folder
 * `secrets`, named as the secret, readable by its owner only.
 */
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SkeinError } from '#protocol/errors.ts';

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/u;
const MOST_BYTES = 16_384;

/** The value, without the end of line; undefined when there is none. Throws for one that others may read. */
export function readSecret(home: string, name: string): string | undefined {
  if (!NAME.test(name)) return undefined;
  const file = join(home, 'secrets', name);
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isFile() || stats.size > MOST_BYTES) return undefined;
  if ((stats.mode & 0o077) !== 0) {
    throw new SkeinError(
      'secret-missing',
      `Cannot use the secret ${name}: others may read ${file}`,
      {
        fix: `chmod 600 ${file}`,
      },
    );
  }
  return readFileSync(file, 'utf8').replace(/\r?\n$/u, '');
}
