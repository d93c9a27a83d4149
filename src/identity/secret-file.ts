/** Files that only their owner may read: made with mode 0600, refused when found looser. */
import { dirname } from 'node:path';
import { SkeinError } from '#protocol/errors.ts';

// Every command reads a secret: what is not used by that is not loaded by it.
const { closeSync, fsyncSync, linkSync, openSync, readFileSync, statSync, unlinkSync, writeSync } =
  process.getBuiltinModule('node:fs');

/**
 * The secret in `path`, made by `create` when there is none. Of several processes that create at
 * once one wins and all read the same. Throws `key-permissions` when others may read it.
 */
export function openSecretFile(path: string, create: () => string): string {
  const found = readSecretFile(path);
  if (found !== undefined) return found;
  writeSecretFile(path, create());
  const made = readSecretFile(path);
  if (made === undefined) throw new SkeinError('key-invalid', `Cannot read ${path}: it vanished`);
  return made;
}

/** The secret in `path`, or undefined when there is no such file. */
export function readSecretFile(path: string): string | undefined {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode;
  if (mode === undefined) return undefined;
  if ((mode & 0o077) !== 0) {
    const octal = (mode & 0o777).toString(8).padStart(4, '0');
    throw new SkeinError(
      'key-permissions',
      `Cannot use ${path}: its mode is ${octal}, others may read it`,
      {
        fix: `chmod 600 '${path}'`,
      },
    );
  }
  return readFileSync(path, 'utf8');
}

/** Written beside and linked into place, so that no reader ever sees half a secret. */
function writeSecretFile(path: string, secret: string): void {
  const { randomBytes } = process.getBuiltinModule('node:crypto');
  // Not named by process id: threads share it, and a crashed process may have left its file.
  const temporary = `${path}.${randomBytes(8).toString('hex')}.new`;
  const descriptor = openSync(temporary, 'wx', 0o600);
  try {
    writeSync(descriptor, secret);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  try {
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(temporary);
  }
  const folder = openSync(dirname(path), 'r');
  fsyncSync(folder);
  closeSync(folder);
}
