/** Commands about messages. An agent that is no part of the node may use these and no others. */
import { z } from 'zod';
import type { DoorCommand } from '#api/door.ts';
import type { SentReport } from '#api/bus-door.ts';
import { readStored } from '#bus/inbox/letters.ts';
import { fitText } from '#bus/inbox/long-text.ts';
import type { Ledger } from '#ledger/ledger.ts';
import type { Receipt, Speaker } from '#protocol/command.ts';
import { isHomeById, parseAddress } from '#protocol/address.ts';
import { SkeinError } from '#protocol/errors.ts';
import { MESSAGE_KINDS, PRIORITIES } from '#protocol/events/message.ts';
import { chosenSpace } from '../home/default-space.ts';
import {
  findWaiting,
  inboxContents,
  inboxState,
  processingMs,
} from '../messages/inbox-contents.ts';
import { fetchWhole } from '../messages/long-text.ts';
import { withNearNames } from '../messages/near-agents.ts';
import { ensurePerson, inboxId } from '../messages/speaking.ts';
import { readInput, type Handler } from './command-input.ts';
import type { CommandParts } from './command-parts.ts';

const saying = z.object({
  text: z.string(),
  kind: z.enum(MESSAGE_KINDS).exactOptional(),
  priority: z.enum(PRIORITIES).exactOptional(),
  answerInMs: z.int().exactOptional(),
  expiresInMs: z.int().exactOptional(),
  about: z.array(z.string()).exactOptional(),
  /** What an old program says besides, as JSON. */
  extra: z.string().exactOptional(),
});

const sending = saying.extend({ to: z.string().min(1), replyTo: z.string().exactOptional() });
const ofInbox = z.object({ inbox: z.string().exactOptional() });
const ofMessage = ofInbox.extend({ message: z.string().min(1) });
const taking = ofInbox.extend({ most: z.int().min(1).max(1_000) });
const acking = ofMessage.extend({ processingMs: z.int().min(0).exactOptional() });
const nacking = ofMessage.extend({
  reason: z.string().max(2_000),
  delayMs: z.int().min(0).exactOptional(),
});
const replying = ofMessage.extend(saying.shape);

/** By name, as they come through the door. `inbox` is that of who speaks, unless it is named. */
export const busCommands: Readonly<Record<string, Handler>> = {
  'message.send': async (parts, command, speaker) => {
    const { text, ...input } = readInput(sending, command);
    const call = await openCall(parts, command, speaker);
    const { ledger } = call;
    const said = await fitText(ledger.blobs, text);
    const send = (): Promise<Receipt> =>
      execute(call, 'message.send', { ...input, ...said, ...preferring(call, input.to) });
    return sentReport(call, await withNearNames(ledger, input.to, send));
  },
  'message.deliver': async (parts, command, speaker) => {
    const { inbox, most } = readInput(taking, command);
    const call = await openCall(parts, command, speaker);
    const id = inboxId({ speaker, key: parts.key }, inbox);
    const mailroom = parts.mailroomOf(call.ledger);
    const letters = await mailroom.take(id, { speaker, most });
    return { letters: await Promise.all(letters.map((each) => fetchWhole(mailroom, each))) };
  },
  'message.ack': async (parts, command, speaker) => {
    const { processingMs: tookMs, ...named } = readInput(acking, command);
    const answered = await openMessage(parts, command, { speaker, named });
    return answer(answered, 'message.ack', { processingMs: tookMs ?? answered.tookMs });
  },
  'message.nack': async (parts, command, speaker) => {
    const { reason, delayMs, ...named } = readInput(nacking, command);
    const answered = await openMessage(parts, command, { speaker, named });
    const delay = delayMs === undefined ? {} : { delayMs };
    return answer(answered, 'message.nack', { reason, ...delay });
  },
  'message.reply': async (parts, command, speaker) => {
    const { inbox, message, text, ...input } = readInput(replying, command);
    const named = { message, ...(inbox === undefined ? {} : { inbox }) };
    const answered = await openMessage(parts, command, { speaker, named });
    const { ledger, isWaiting, tookMs } = answered;
    const said = { ...input, ...(await fitText(ledger.blobs, text)) };
    if (isWaiting) {
      const receipt = await answer(answered, 'message.reply', { processingMs: tookMs, ...said });
      return sentReport(answered, receipt);
    }
    const to = await senderOfOwn(answered);
    const late = { to, kind: 'answer', ...said, replyTo: answered.message };
    return sentReport(answered, await execute(answered, 'message.send', late));
  },
  'inbox.peek': async (parts, command, speaker) => {
    const { inbox } = readInput(ofInbox, command);
    const { ledger } = await openCall(parts, command, speaker);
    const id = inboxId({ speaker, key: parts.key }, inbox);
    return inboxContents(ledger, id, parts.now());
  },
};

/** Whom of a group this node would choose now: presence and load are no part of the record. */
function preferring({ parts, ledger }: Call, to: string): { readonly prefer?: readonly string[] } {
  const address = parseAddress(to);
  if (address.type !== 'skill' || parts.preferOf === undefined) return {};
  return { prefer: parts.preferOf(ledger.space, address.name) };
}

/** A command with the record that it is for. */
interface Call {
  readonly parts: CommandParts;
  readonly command: DoorCommand;
  readonly speaker: Speaker;
  readonly ledger: Ledger;
}

/** A command about a message of an inbox. */
interface MessageCall extends Call {
  readonly inbox: string;
  readonly message: string;
  readonly isWaiting: boolean;
  readonly tookMs: number;
}

async function openCall(
  parts: CommandParts,
  command: DoorCommand,
  speaker: Speaker,
): Promise<Call> {
  const ledger = await chosenSpace(parts, command.space);
  await ensurePerson(ledger, { speaker, key: parts.key }, parts.newId);
  // From now on the node tells what expires, and who does not answer.
  parts.mailroomOf(ledger);
  return { parts, command, speaker, ledger };
}

const execute = (
  { command, speaker, ledger }: Call,
  name: string,
  input: object,
): Promise<Receipt> => ledger.execute({ ...command, name, input }, speaker);

interface Named {
  readonly speaker: Speaker;
  readonly named: { readonly inbox?: string; readonly message: string };
}

/** Somebody may answer what was not handed out yet: it is handed out by that. */
async function openMessage(
  parts: CommandParts,
  command: DoorCommand,
  { speaker, named }: Named,
): Promise<MessageCall> {
  const call = await openCall(parts, command, speaker);
  const { ledger } = call;
  const inbox = inboxId({ speaker, key: parts.key }, named.inbox);
  const message = findWaiting(ledger, inbox, named.message);
  const state = inboxState(ledger, inbox)?.waiting.find((each) => each.message === message);
  if (state?.tries === 0) {
    const pick = { id: parts.newId(), name: 'message.pick', input: { inbox, message } };
    await ledger.execute(pick, speaker);
  }
  const tookMs = state?.tries === 0 ? 0 : processingMs(ledger, inbox, message, parts.now());
  return { ...call, inbox, message, isWaiting: state !== undefined, tookMs };
}

const answer = (call: MessageCall, name: string, input: object): Promise<Receipt> =>
  execute(call, name, { inbox: call.inbox, message: call.message, ...input });

/** Who sent a message that has left the inbox; throws when it was for somebody else. */
async function senderOfOwn({ ledger, inbox, message }: MessageCall): Promise<string> {
  for await (const page of ledger.subscribe({
    after: ledger.read.position(message) ?? 0,
    follow: false,
  })) {
    for (const stored of page) {
      if (stored.type !== 'message.received') continue;
      const event = readStored(stored);
      if (event?.type !== 'message.received' || event.data.message !== message) continue;
      if (event.data.inbox === inbox && event.data.from !== undefined)
        return `agent:${event.data.from}`;
    }
  }
  throw new SkeinError('not-found', `Cannot answer ${message}: it never came to ${inbox}`);
}

/** What became of it, from the events that the command made. */
function sentReport(call: Call, receipt: Receipt): SentReport {
  const { ledger, command } = call;
  const { read } = ledger;
  const reached: string[] = [];
  const refused: { to: string; detail: string }[] = [];
  let to = '';
  let assigned: string | undefined;
  for (const id of receipt.events) {
    const position = read.position(id) ?? 1;
    const [stored] = read.events({ after: position - 1, limit: 1 });
    const event = stored === undefined ? undefined : readStored(stored);
    if (event?.type === 'message.sent') to = event.data.to;
    if (event?.type === 'message.assigned') assigned = event.data.to.replace(/^agent:/u, '');
    if (event?.type === 'message.received') reached.push(event.data.inbox ?? '');
    if (event?.type === 'message.refused')
      refused.push({ to: event.data.to, detail: event.data.detail });
  }
  return {
    id: command.id,
    space: ledger.space,
    to,
    ...(assigned === undefined ? {} : { assigned }),
    reached,
    refused,
    elsewhere: isElsewhere(call, assigned === undefined ? to : `agent:${assigned}`),
    strength: receipt.strength,
  };
}

/** Whether other nodes have something to do with what was sent to `to`. */
function isElsewhere({ ledger, parts }: Call, to: string): boolean {
  const address = parseAddress(to);
  if (address.type === 'agent') {
    return isHomeById('agent', `${address.name}@${address.node ?? ''}`, parts.key) !== true;
  }
  return ledger.exchange.heads().length > 1;
}
