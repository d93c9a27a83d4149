/**
 * Which id an old peer gave to a message, by its id in Skein: an answer must name the one that the peer
 * knows. One small file each, so that nothing has to be held in memory, however long a bridge stands.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of these files; hidden, because they are no messages. */
export const OLD_IDS = join('archive', '.skein');

/** Remembers the old id of the message `id`. */
export function keepOldId(folder: string, id: string, sourceId: string | null): void {
  if (sourceId !== null) writeFileSync(join(folder, OLD_IDS, id), sourceId);
}

/** The id by which an old peer knows the message `id`. */
export function oldIdOf(folder: string, id: string): string {
  try {
    return readFileSync(join(folder, OLD_IDS, id), 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return id;
    throw thrown;
  }
}
