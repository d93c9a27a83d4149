/** Takes messages of an old bus in, as `skein import` reads them. For the person only. */
import { z } from 'zod';
import { importMessages, MAX_IMPORT } from '#bus/inbox/import-messages.ts';
import { openDerivedKey, seedOf } from '#identity/derive-key.ts';
import { isUuidv7 } from '#lib/uuidv7.ts';
import { PRIORITIES } from '#protocol/events/message.ts';
import { chosenSpace } from '../home/default-space.ts';
import { readInput, type Handler } from './command-input.ts';

// zod has its own idea of the bits of a UUID; ours is what the record takes.
const messageId = z.string().refine(isUuidv7, 'it is no UUIDv7');

const oldMessage = z.object({
  id: messageId,
  from: z.string().min(1).max(200),
  to: z.string().min(1).max(200),
  text: z.string(),
  sentAt: z.string().max(40).exactOptional(),
  priority: z.enum(PRIORITIES).exactOptional(),
  replyTo: messageId.exactOptional(),
  handled: z.boolean(),
  extra: z.string().exactOptional(),
});

const batch = z.object({ messages: z.array(oldMessage).max(MAX_IMPORT) });

/** By name, as they come through the door. */
export const importCommands: Readonly<Record<string, Handler>> = {
  /** At most 500 messages; answers how many were new, how many known, and which were refused. */
  'message.import': async (parts, command, speaker) => {
    const { messages } = readInput(batch, command);
    const ledger = await chosenSpace(parts, command.space);
    // From now on the node tells what expires, and who does not answer.
    parts.mailroomOf(ledger);
    const secret = seedOf(openDerivedKey(parts.paths.nodeKey, 'derived-ids')).toString('hex');
    return importMessages({ ledger, secret, speaker }, messages);
  },
};
