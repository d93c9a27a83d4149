/**
 * Hands out an inbox to somebody who follows it, not more than so many before those are answered:
 * what lies in a socket's buffer would be out, and nobody at work on it. Or only tells what comes.
 */
import type { Letter } from '#bus/inbox/letters.ts';
import { letterOf, readStored } from '#bus/inbox/letters.ts';
import type { Mailroom } from '#bus/inbox/mailroom.ts';
import { CommitBell } from '#ledger/subscription.ts';
import type { Ledger, StoredEvent } from '#ledger/ledger.ts';
import { isHomeById } from '#protocol/address.ts';
import type { Speaker } from '#protocol/command.ts';
import { inboxContents, inboxState } from './inbox-contents.ts';
import { fetchWhole, lengthen } from './long-text.ts';

/** Whose inbox, and who follows it. */
export interface Following {
  readonly ledger: Ledger;
  readonly inbox: string;
  readonly speaker: Speaker;
  readonly most: number;
  readonly signal: AbortSignal;
  readonly now: () => number;
  readonly after: (ms: number, callback: () => void) => () => void;
}

/** Messages after which one that was handed out is out no more. */
const ENDS = new Set([
  'message.handled',
  'message.returned',
  'message.expired',
  'message.dead-lettered',
]);

const lastPosition = ({ read }: Ledger): number =>
  read.events({ after: 0, newestFirst: true, limit: 1 })[0]?.position ?? 0;

/** Hands out messages as they come, with the time `until` which each is to be answered. */
export async function* handOutAll(
  mailroom: Mailroom,
  following: Following,
): AsyncGenerator<readonly (Letter & { readonly until: string })[]> {
  const { ledger, inbox, speaker, most, now } = following;
  const ended = new AbortController();
  const signal = AbortSignal.any([following.signal, ended.signal]);
  const window = watchEnds({ ...following, signal }, () => ended.abort());
  try {
    for await (const letter of mailroom.follow(inbox, { speaker, most, signal })) {
      const handleMs = inboxState(ledger, inbox)?.handleMs ?? 0;
      const untilMs = now() + handleMs;
      window.add(letter.id, handleMs);
      yield [{ ...(await fetchWhole(mailroom, letter)), until: new Date(untilMs).toISOString() }];
      await window.below(most);
      if (signal.aborted) return;
    }
  } finally {
    ended.abort();
  }
}

interface Window {
  readonly add: (message: string, handleMs: number) => void;
  /** Resolves when fewer than `most` are out, or all is over. */
  readonly below: (most: number) => Promise<void>;
}

/** Keeps in mind what is out; calls `over` when the record ends. */
function watchEnds({ ledger, inbox, signal, after }: Following, over: () => void): Window {
  const out = new Map<string, () => void>();
  const bell = new CommitBell();
  const end = (message: string): void => {
    out.get(message)?.();
    if (out.delete(message)) bell.ring();
  };
  const read = async (): Promise<void> => {
    const pages = ledger.subscribe({ after: lastPosition(ledger), follow: true, signal });
    for await (const page of pages) {
      for (const stored of page) {
        if (stored.type === null || !ENDS.has(stored.type)) continue;
        if (!isOfHome(inbox, stored)) continue;
        const data = readStored(stored)?.data as { inbox?: string; message?: string } | undefined;
        if (data?.inbox === inbox) end(data.message ?? '');
      }
    }
  };
  // Who is aborted needs no timer any more; nothing else ends with the record.
  void read()
    .catch(() => undefined)
    .then(() => {
      for (const message of out.keys()) end(message);
      over();
    });
  return {
    add: (message, handleMs) =>
      out.set(
        message,
        after(handleMs, () => end(message)),
      ),
    below: async (most) => {
      while (out.size >= most && !signal.aborted) await bell.wait(bell.rings, signal);
    },
  };
}

/** What other nodes say of an inbox is void. */
const isOfHome = (inbox: string, { author }: StoredEvent): boolean =>
  isHomeById('inbox', inbox, author) === true;

/** What waits, then what comes; nothing is handed out. */
export async function* tellAll(following: Following): AsyncGenerator<readonly Letter[]> {
  const { ledger, inbox, signal, now } = following;
  const after = lastPosition(ledger);
  const { messages } = inboxContents(ledger, inbox, now());
  if (messages.length > 0) yield messages;
  for await (const page of ledger.subscribe({ after, follow: true, signal })) {
    const letters = page.flatMap((stored) => {
      if (stored.type !== 'message.received' || !isOfHome(inbox, stored)) return [];
      const event = readStored(stored);
      if (event?.type !== 'message.received' || event.data.inbox !== inbox) return [];
      const state = inboxState(ledger, inbox);
      const waiting = state?.waiting.find(({ message }) => message === event.data.message);
      if (waiting === undefined) return [];
      return [lengthen(ledger, letterOf(ledger.read, inbox, waiting))];
    });
    if (letters.length > 0) yield letters;
  }
}
