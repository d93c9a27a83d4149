/** Follows a mission to its end: tells its events, shows its plan, carries the person's answer. */
import { createInterface } from 'node:readline/promises';
import { ERRORS, isErrorName, SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { EventEnvelope } from '#protocol/event.ts';
import { findMission, findPlan, shortId, type FoundMission } from './mission-lookup.ts';
import type { NodeClient } from './node-client.ts';
import { newCommandId } from './new-id.ts';
import { watchWork } from './watch-work.ts';
import { fetchContents, planLines } from './terminal/print-plan.ts';
import { isDetail, tell } from './terminal/story.ts';
import { style } from './terminal/style.ts';
import { readData } from './terminal/read-data.ts';

/** How a mission is followed. `detach` leaves as soon as no answer is needed any more. */
export interface Following {
  readonly client: NodeClient;
  readonly space: string;
  readonly mission: string;
  readonly yes: boolean;
  /** How the person said yes beforehand, as the record tells it. */
  readonly approvedBy: '--yes' | 'skein approve';
  readonly json: boolean;
  readonly detach: boolean;
  readonly verbose: boolean;
}

/** Two signals within this time are one Ctrl-C. */
const SAME_PRESS_MS = 500;

const END = new Set([
  'mission.done',
  'mission.failed',
  'mission.rejected',
  'mission.cancelled',
  'mission.interrupted',
]);

/** Tells events until the mission has ended; answers the exit status. */
export async function followMission(following: Following): Promise<number> {
  const { client, space, mission, json } = following;
  const leave = stopOnInterrupt(following);
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
      else tellOnStderr(event, following.verbose);
      if (event.type === 'mission.planned' && body.approvedFrom === null) {
        const status = await answerPlan(following);
        if (status !== undefined) return status;
      }
      if (event.type === 'mission.resumed') resumesToSee -= 1;
      if (END.has(event.type) && resumesToSee <= 0) return await reportEnd(following, event);
    }
  } catch (thrown) {
    const error = toSkeinError(thrown);
    throw error.name === 'node-unreachable' ? nodeStopped(mission) : error;
  } finally {
    watch.stop();
    leave();
  }
  throw watch.found() ?? nodeStopped(mission);
}

const nodeStopped = (mission: string): SkeinError =>
  new SkeinError(
    'node-unreachable',
    `Cannot follow mission ${shortId(mission)}: the node stopped`,
    {
      fix: `What was recorded stays. Continue it with: skein resume ${shortId(mission)}`,
    },
  );

function tellOnStderr(event: EventEnvelope, verbose: boolean): void {
  if (!verbose && isDetail(event)) return;
  const painted = style(process.stderr);
  process.stderr.write(`${painted.dim(event.time.slice(11, 19))} ${tell(event, painted)}\n`);
}

/** Shows the plan and gets the answer; a status when there is nothing left to follow. */
async function answerPlan(following: Following): Promise<number | undefined> {
  const { client, space, yes, json, detach } = following;
  const mission = await findMission(client, following.mission);
  const plan = await findPlan(client, mission);
  if (plan === undefined || mission.body.status !== 'waiting') return undefined;
  if (!json) {
    const contents = await fetchContents(client, space, plan);
    process.stderr.write(
      `\n${planLines({ plan, options: mission.body.options }, contents, style(process.stderr)).join('\n')}\n\n`,
    );
  }
  const answer = yes ? 'yes' : await ask();
  if (answer === 'leave') throw interruptedAtPlan(mission);
  if (answer === undefined) throw approvalNeeded(mission);
  const name = answer === 'yes' ? 'mission.approve' : 'mission.reject';
  const rest =
    answer === 'yes'
      ? { from: yes ? following.approvedBy : 'terminal' }
      : { reason: 'answered no at the terminal' };
  const input = { mission: mission.id, hash: plan.hash, ...rest };
  await client.post({ id: newCommandId(), name, input, space });
  return answer === 'yes' && detach ? 0 : undefined;
}

/** Asks at the terminal; undefined when there is nobody to ask, or no answer but Ctrl-D. */
async function ask(): Promise<'yes' | 'no' | 'leave' | undefined> {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return undefined;
  const questions = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await questions.question('Carry out this plan? [y/N] ');
    return /^\s*y(es)?\s*$/iu.test(answer) ? 'yes' : 'no';
  } catch (thrown) {
    process.stderr.write('\n');
    return (thrown as Error).message.includes('Ctrl+C') ? 'leave' : undefined;
  } finally {
    questions.close();
  }
}

const waysToAnswer = ({ id }: FoundMission): string =>
  `skein approve ${shortId(id)}   or   skein reject ${shortId(id)}`;

const approvalNeeded = (mission: FoundMission): SkeinError =>
  new SkeinError(
    'approval-needed',
    `Cannot go on with mission ${shortId(mission.id)}: its plan waits for approval`,
    {
      fix: `${waysToAnswer(mission)}   (run with --yes to approve at once)`,
    },
  );

const interruptedAtPlan = (mission: FoundMission): SkeinError =>
  new SkeinError(
    'interrupted',
    `Cannot go on with mission ${shortId(mission.id)}: you left; its plan waits for an answer`,
    { fix: waysToAnswer(mission) },
  );

function reportEnd(following: Following, event: EventEnvelope): Promise<number> | number {
  const data = event.data as Record<string, unknown>;
  switch (event.type) {
    case 'mission.done':
      return reportDone(following, data);
    case 'mission.failed': {
      const name = isErrorName(data['error']) ? data['error'] : 'mission-failed';
      const fix = typeof data['fix'] === 'string' ? { fix: data['fix'] } : {};
      throw new SkeinError(name, String(data['message']), fix);
    }
    case 'mission.interrupted':
      process.stderr.write(`Continue it with: skein resume ${shortId(following.mission)}\n`);
      return ERRORS.interrupted.exit;
    default:
      return 1;
  }
}

async function reportDone(
  { client, mission, json }: Following,
  data: Record<string, unknown>,
): Promise<number> {
  const { body } = await findMission(client, mission);
  const branch = String(data['branch']);
  if (!json) {
    process.stdout.write(
      `mission ${mission}\nbranch ${branch}\ncommit ${String(data['gitCommit'])}\n`,
    );
    const next =
      data['merged'] === true ? '' : `Take it over with: git merge --ff-only ${branch}\n`;
    process.stderr.write(
      `${next}See it with: skein show ${shortId(mission)}, skein diff ${shortId(mission)}\n`,
    );
  }
  if (!body.options.merge || data['merged'] === true) return 0;
  throw new SkeinError(
    'merge-blocked',
    'Cannot merge: the reason is told above; the git commit and its branch are made',
    {
      fix: `When your tree is clean and unmoved: git merge ${branch}`,
    },
  );
}

/** Ctrl-C once stops at the next safe point; twice leaves at once, and the mission goes on. */
function stopOnInterrupt({ client, mission }: Following): () => void {
  let firstMs: number | undefined;
  const onInterrupt = (): void => {
    const nowMs = performance.now();
    // A launcher may pass on the signal that the terminal has sent to us already.
    if (firstMs !== undefined && nowMs - firstMs < SAME_PRESS_MS) return;
    if (firstMs !== undefined) process.exit(ERRORS.interrupted.exit);
    firstMs = nowMs;
    process.stderr.write(
      `\nStopping at the next safe point. Continue later with: skein resume ${shortId(mission)}. Ctrl-C again leaves at once.\n`,
    );
    const name = 'mission.interrupt';
    client
      .post({ id: newCommandId(), name, input: { mission } })
      .catch(() => process.exit(ERRORS.interrupted.exit));
  };
  process.on('SIGINT', onInterrupt);
  return () => process.off('SIGINT', onInterrupt);
}
