/** The token that says a command comes from the person who owns the home. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { openSecretFile } from './secret-file.ts';

/** The person's token from `path` (43 characters, mode 0600), made when there is none. */
export const openPersonToken = (path: string): string =>
  openSecretFile(path, () => randomBytes(32).toString('base64url'));

/** Whether `given` is the token, without telling by time how much of it was right. */
export function isToken(given: string, token: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}
