/** Every file has a format number; one that a later version wrote is refused, never guessed at. */
import { SkeinError } from './errors.ts';

/** Throws `record-too-new` when `found` is above `newest`, the latest that this version reads. */
export function assertKnownFormat(found: unknown, newest: number, what: string): void {
  if (typeof found !== 'number' || found <= newest) return;
  throw new SkeinError('record-too-new', `Cannot read ${what}: its format is ${found}`, {
    fix: 'Use the newer Skein that wrote it.',
  });
}
