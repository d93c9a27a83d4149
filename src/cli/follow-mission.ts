/** Follows a mission to its end: tells its events, carries the person's answers, minds Ctrl-C. */
import { ERRORS, SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { EventEnvelope } from '#protocol/event.ts';
import { answerPlan, tellChange, type PlanQuestion } from './answer-plan.ts';
import { isEnd, reportEnd } from './mission-end.ts';
import { findMission, shortId } from './mission-lookup.ts';
import { newCommandId } from './new-id.ts';
import { watchWork } from './watch-work.ts';
import { openScreen, type MissionScreen, type ScreenOptions } from './terminal/mission-screen.ts';
import { readData } from './terminal/read-data.ts';

/** Which mission is followed, how its plans are answered, how it is shown. */
export interface Following extends PlanQuestion, ScreenOptions {}

/** Two signals within this time are one Ctrl-C. */
const SAME_PRESS_MS = 500;

/** Tells events until the mission has ended; answers the exit status. */
export async function followMission(following: Following): Promise<number> {
  const { client, space, mission, json } = following;
  const screen = openScreen(following);
  const leave = stopOnInterrupt(following, screen);
  const watch = watchWork(client, mission);
  try {
    const { body } = await findMission(client, mission);
    const path = `/v1/events?space=${space}&mission=${mission}&follow=1`;
    const events = client.lines(path, watch.signal);
    // A resumed mission may have ended before: an end counts when all its resumes lie behind.
    let resumesToSee = body.resumes;
    for await (const line of events) {
      const event = readData(line) as EventEnvelope;
      if (json) process.stdout.write(`${line}\n`);
      screen.event(event);
      const status = await mindPlan(following, event, screen);
      if (status !== undefined) return status;
      if (event.type === 'mission.resumed') resumesToSee -= 1;
      if (!isEnd(event) || resumesToSee > 0) continue;
      screen.close();
      return await reportEnd(following, event);
    }
  } catch (thrown) {
    const error = toSkeinError(thrown);
    throw error.name === 'node-unreachable' ? nodeStopped(mission) : error;
  } finally {
    watch.stop();
    leave();
    screen.close();
  }
  throw watch.found() ?? nodeStopped(mission);
}

/** Answers a plan that waits now; what changed without a question is told. */
async function mindPlan(
  following: Following,
  { type, data }: EventEnvelope,
  screen: MissionScreen,
): Promise<number | undefined> {
  const plan = String((data as { readonly plan?: unknown }).plan);
  if (type === 'mission.planned') return answerPlan(following, plan, screen);
  if (type === 'mission.replanned' && !following.json) await tellChange(following, plan, screen);
  return undefined;
}

const nodeStopped = (mission: string): SkeinError =>
  new SkeinError(
    'node-unreachable',
    `Cannot follow mission ${shortId(mission)}: the node stopped`,
    {
      fix: `What was recorded stays. Continue it with: skein resume ${shortId(mission)}`,
    },
  );

/** Ctrl-C once stops at the next safe point; twice leaves at once, and the mission goes on. */
function stopOnInterrupt({ client, mission }: Following, screen: MissionScreen): () => void {
  let firstMs: number | undefined;
  const onInterrupt = (): void => {
    const nowMs = performance.now();
    // A launcher may pass on the signal that the terminal has sent to us already.
    if (firstMs !== undefined && nowMs - firstMs < SAME_PRESS_MS) return;
    if (firstMs !== undefined) process.exit(ERRORS.interrupted.exit);
    firstMs = nowMs;
    screen.say(
      `\nStopping at the next safe point. Continue later with: skein resume ${shortId(mission)}. Ctrl-C again leaves at once.`,
    );
    const name = 'mission.interrupt';
    client
      .post({ id: newCommandId(), name, input: { mission } })
      .catch(() => process.exit(ERRORS.interrupted.exit));
  };
  process.on('SIGINT', onInterrupt);
  return () => process.off('SIGINT', onInterrupt);
}
