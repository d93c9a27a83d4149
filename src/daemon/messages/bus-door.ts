/** What the API asks of messages that takes its time: to follow an inbox, to wait for an answer. */
import type { BusDoor, InboxQuery, MessageQuery, MessageReport } from '#api/bus-door.ts';
import { findEvent, senderOf, type Letter } from '#bus/inbox/letters.ts';
import type { Ledger } from '#ledger/ledger.ts';
import { speakerId } from '#protocol/address.ts';
import type { Speaker } from '#protocol/command.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { CommandParts } from '../commands/command-parts.ts';
import { chosenSpace } from '../home/default-space.ts';
import { handOutAll, tellAll, type Following } from './follow-inbox.ts';
import { inboxContents, inboxState } from './inbox-contents.ts';
import { reportMessage } from './message-report.ts';
import { ensurePerson, inboxId } from './speaking.ts';

type Timer = Following['after'];

/** The messages of a node, for its API. */
export const makeBusDoor = (parts: CommandParts, after: Timer): BusDoor => ({
  inbox: async (query, speaker, signal) => {
    const ledger = await openFor(parts, query.space, speaker);
    return letters({ parts, ledger, after }, query, { speaker, signal });
  },
  message: async ({ id, space, waitMs }, speaker, signal) => {
    const ledger = await openFor(parts, space, speaker);
    assertMayRead(parts, ledger, id, speaker);
    const waited = await waitFor(ledger, { id, waitMs }, { signal, after });
    if (waitMs > 0) await takeAnswer(parts, ledger, waited, speaker);
    return waited;
  },
});

async function openFor(
  parts: CommandParts,
  space: string | undefined,
  speaker: Speaker,
): Promise<Ledger> {
  const ledger = await chosenSpace(parts, space);
  await ensurePerson(ledger, { speaker, key: parts.key }, parts.newId);
  parts.mailroomOf(ledger);
  return ledger;
}

interface Opened {
  readonly parts: CommandParts;
  readonly ledger: Ledger;
  readonly after: Timer;
}

interface Asking {
  readonly speaker: Speaker;
  readonly signal: AbortSignal;
}

function letters(
  { parts, ledger, after }: Opened,
  { agent, follow, peek, most }: InboxQuery,
  { speaker, signal }: Asking,
): AsyncIterable<readonly Letter[]> {
  const { key, now } = parts;
  const inbox = inboxId({ speaker, key }, agent);
  if (inboxState(ledger, inbox) === undefined) {
    throw new SkeinError('not-found', `Cannot open inbox ${inbox}: there is none in this space`, {
      fix: 'An agent gets one by: skein agents add <name>',
    });
  }
  const following = { ledger, inbox, speaker, most, signal, now, after };
  if (!follow) return once(inboxContents(ledger, inbox, now()).messages);
  return peek ? tellAll(following) : handOutAll(parts.mailroomOf(ledger), following);
}

async function* once(page: readonly Letter[]): AsyncGenerator<readonly Letter[]> {
  if (page.length > 0) yield page;
}

/** Who has sent a message may know what became of it; a person may know all. */
function assertMayRead({ key }: CommandParts, ledger: Ledger, id: string, speaker: Speaker): void {
  if (speaker.authority !== 'peer') return;
  const sent = findEvent(ledger.read, 'message.sent', id);
  if (sent === undefined || senderOf(sent) === speakerId(speaker.actor, key)) return;
  throw new SkeinError(
    'unauthorized',
    `Cannot show message ${id}: ${speaker.actor} did not send it`,
  );
}

async function waitFor(
  ledger: Ledger,
  { id, waitMs }: Pick<MessageQuery, 'id' | 'waitMs'>,
  { signal, after }: { readonly signal: AbortSignal; readonly after: Timer },
): Promise<MessageReport> {
  const late = new AbortController();
  const cancel = after(waitMs, () => late.abort());
  try {
    const either = AbortSignal.any([signal, late.signal]);
    return await reportMessage(ledger, id, { follow: waitMs > 0, signal: either });
  } finally {
    cancel();
  }
}

/** Who waited for an answer has it: it need not be handed out again. */
async function takeAnswer(
  { key, newId }: CommandParts,
  ledger: Ledger,
  { answer }: MessageReport,
  speaker: Speaker,
): Promise<void> {
  if (answer === null) return;
  const inbox = inboxId({ speaker, key });
  const named = { inbox, message: answer.id };
  const run = (name: string, input: object): Promise<unknown> =>
    ledger.execute({ id: newId(), name, input }, speaker);
  try {
    await run('message.pick', named);
    await run('message.ack', { ...named, processingMs: 0 });
  } catch (thrown) {
    // Somebody who follows the inbox has it already, or there is no inbox.
    if (!['conflict', 'not-found'].includes(toSkeinError(thrown).name)) throw thrown;
  }
}
