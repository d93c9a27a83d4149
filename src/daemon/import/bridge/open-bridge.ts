/** Opens a bridge: rounds that take what old peers wrote, and give them what waits. */
import { join } from 'node:path';
import type { Bridge, BridgeParts } from './bridge.ts';
import { giveFile, prepareOutbox } from './give-files.ts';
import { oldIdOf } from './old-ids.ts';
import { FileTaker } from './take-files.ts';

const MOST_WAITING = 100;

/** Makes the folders that are missing; throws when they can't be used. */
export function openBridge(parts: BridgeParts): Bridge {
  prepareOutbox(parts.folder);
  const taker = new FileTaker(parts);
  return {
    round: async () => {
      const taken = await taker.takeAll();
      let given = 0;
      for (const peer of parts.peers) given += await giveAll(parts, peer);
      return { taken, given };
    },
  };
}

async function giveAll(parts: BridgeParts, peer: string): Promise<number> {
  const { folder, origin, door, pause } = parts;
  let given = 0;
  for (;;) {
    const messages = await door.waiting(peer, MOST_WAITING);
    for (const message of messages) {
      const { replyTo } = message;
      const answer = replyTo === undefined ? {} : { replyTo: oldIdOf(folder, replyTo) };
      giveFile(join(folder, 'outbox'), { ...message, ...answer }, origin);
      await pause('written');
      await door.confirm(peer, message.id);
      await pause('confirmed');
      given += 1;
    }
    if (messages.length < MOST_WAITING) return given;
  }
}
