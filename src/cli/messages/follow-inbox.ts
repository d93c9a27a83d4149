/** Follows an inbox over restarts of the node: who waits for messages goes on waiting. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Letter } from '#bus/inbox/letters.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { Typed } from '../command.ts';
import { newCommandId } from '../new-id.ts';
import { speak, speakIfUp, type BusClient } from './speak-as.ts';

/** A message with the time until which it is to be answered. */
export type HeldLetter = Letter & { readonly until: string };

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 1_000;

/**
 * Messages as they are handed out, for ever. A node that was stopped is waited for; one that died is
 * started again.
 */
export async function* followInbox(
  typed: Typed,
  most: number,
  signal: AbortSignal,
): AsyncGenerator<HeldLetter> {
  let bus: BusClient | undefined = await speak(typed);
  let waitMs = FIRST_WAIT_MS;
  while (!signal.aborted) {
    let hasDied = false;
    try {
      const path: string = bus.path('/v1/inbox/~', { follow: '1', most: String(most) });
      for await (const line of bus.client.lines(path, signal)) {
        waitMs = FIRST_WAIT_MS;
        yield JSON.parse(line) as HeldLetter;
      }
    } catch (thrown) {
      if (!isPassing(thrown)) throw thrown;
      hasDied = true;
    }
    if (signal.aborted) return;
    process.stderr.write(`The node has ${hasDied ? 'died' : 'stopped'}; waiting for it.\n`);
    for (bus = undefined; bus === undefined;) {
      // Not all at the same moment, when there are many.
      await sleep(waitMs * (0.5 + Math.random()), undefined, { signal });
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
      bus = await (hasDied ? speak(typed) : speakIfUp(typed));
    }
  }
}

/** Once heard is enough: the command has one id, however often it is said. */
const MOST_TRIES = 6;

/** Sends a command; a node that dies meanwhile is started again, and told the same. */
export async function sayUntilHeard(typed: Typed, name: string, input: object): Promise<void> {
  const id = newCommandId();
  for (let tries = 1; ; tries += 1) {
    try {
      await (await speak(typed)).post(name, input, id);
      return;
    } catch (thrown) {
      if (!isPassing(thrown) || tries === MOST_TRIES) throw thrown;
      await sleep(FIRST_WAIT_MS * 2 ** tries * (0.5 + Math.random()));
    }
  }
}

/** The node is not there, or the one that answers is just going and another serves the home by now. */
const COMING_OR_GOING: readonly string[] = ['node-unreachable', 'epoch-fenced'];

/** What goes away with time. */
function isPassing(thrown: unknown): boolean {
  const { name, retryable } = toSkeinError(thrown);
  return thrown instanceof SkeinError && (retryable || COMING_OR_GOING.includes(name));
}
