/** The place of a NATS server that may be away: it keeps nobody from the other ways, and is tried again. */
import { toSkeinError } from '#protocol/errors.ts';
import type { NatsSettings } from './network-config.ts';
import type { NatsMeeting } from './nats-meeting.ts';

/** What the slot does when. */
export interface NatsSlotOptions {
  readonly open: (settings: NatsSettings) => Promise<NatsMeeting>;
  /** Given the server as soon as it is reached. */
  readonly came: (meeting: NatsMeeting) => void;
  /** Told when that was not at once. */
  readonly later: () => void;
  readonly report: (thrown: unknown) => void;
}

/** A server that is reached, or is being tried. */
export interface NatsSlot {
  readonly problem: () => string | null;
  readonly close: () => void;
}

const RETRY_MS = 2_000;

/** Tries once and answers; what refuses us is thrown, what can't be reached is tried again. */
export async function openSlot(
  settings: NatsSettings | null,
  { open, came, later, report }: NatsSlotOptions,
): Promise<NatsSlot> {
  let problem: string | null = null;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  const tryOnce = async (): Promise<void> => {
    if (settings === null) return;
    try {
      const meeting = await open(settings);
      if (isClosed) return await meeting.close();
      problem = null;
      came(meeting);
    } catch (thrown) {
      const error = toSkeinError(thrown);
      if (error.name !== 'bus-disconnected') throw error;
      problem = error.message;
    }
  };
  const again = (): void => {
    if (problem === null || isClosed) return;
    timer = setTimeout(() => {
      tryOnce().then(() => (problem === null && !isClosed ? later() : again()), report);
    }, RETRY_MS);
  };
  await tryOnce();
  again();
  return {
    problem: () => problem,
    close: () => {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
