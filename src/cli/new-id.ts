/** Ids for the commands that this process sends. */
import { randomFillSync } from 'node:crypto';
import { makeUuidv7 } from '#lib/uuidv7.ts';

/** A new UUIDv7; the same command sent twice with the same id happens once. */
export const newCommandId: () => string = makeUuidv7({
  now: Date.now,
  random: (bytes) => randomFillSync(bytes),
});
