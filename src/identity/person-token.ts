/** The token that says a command comes from the person who owns the home. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { SkeinError } from '#protocol/errors.ts';
import { openSecretFile } from './secret-file.ts';

const TOKEN = /^[\w-]{43}$/;

/**
 * The person's token from `path` (43 characters, mode 0600), made when there is none. Throws
 * `key-invalid` for anything else: an empty file would let everybody in who says nothing.
 */
export function openPersonToken(path: string): string {
  const token = openSecretFile(path, () => randomBytes(32).toString('base64url')).trim();
  if (TOKEN.test(token)) return token;
  throw new SkeinError('key-invalid', `Cannot use ${path}: it holds no token`, {
    fix: `Remove it, a new one is made: rm '${path}'`,
  });
}

/** Whether `given` is the token, without telling by time how much of it was right. */
export function isToken(given: string, token: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}
