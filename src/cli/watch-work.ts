/**
 * Who follows a mission waits for its end on the record. A node that can't record it (its disk is
 * full) stops working on the mission without a word there: so it is asked now and then.
 */
import { SkeinError } from '#protocol/errors.ts';
import { findMission, isLeftAlone, missionsAtWork, shortId } from './mission-lookup.ts';
import type { NodeClient } from './node-client.ts';

const ASK_EVERY_MS = 2_000;

/** A watch over one mission: `signal` fires when nobody works on it, `found` says so. */
export interface WorkWatch {
  readonly signal: AbortSignal;
  readonly found: () => SkeinError | undefined;
  readonly stop: () => void;
}

/** Begins to watch. Twice in a row must it be left alone: an answer may just be on its way. */
export function watchWork(client: NodeClient, mission: string): WorkWatch {
  const left = new AbortController();
  let times = 0;
  const timer = setInterval(() => {
    void isLeft(client, mission).then((isAlone) => {
      times = isAlone ? times + 1 : 0;
      if (times === 2) left.abort();
    });
  }, ASK_EVERY_MS);
  return {
    signal: left.signal,
    found: () => (left.signal.aborted ? leftAlone(mission) : undefined),
    stop: () => clearInterval(timer),
  };
}

/** A node that does not answer is told by the stream of events. */
async function isLeft(client: NodeClient, mission: string): Promise<boolean> {
  try {
    const atWork = await missionsAtWork(client);
    return isLeftAlone(await findMission(client, mission), atWork);
  } catch {
    return false;
  }
}

const leftAlone = (mission: string): SkeinError =>
  new SkeinError(
    'storage-failed',
    `Cannot follow mission ${shortId(mission)}: its node stopped working on it and could not record why`,
    {
      fix: `What was recorded stays. Free space or repair the disk (see "skein doctor"), then: skein resume ${shortId(mission)}`,
    },
  );
