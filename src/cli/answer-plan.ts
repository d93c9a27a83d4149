/** A plan that waits: shows it to the person, gets the answer, sends it. First plans and changed ones. */
import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { SkeinError } from '#protocol/errors.ts';
import { fetchPlan, findMission, shortId, type FoundMission } from './mission-lookup.ts';
import { newCommandId } from './new-id.ts';
import type { NodeClient } from './node-client.ts';
import type { MissionScreen } from './terminal/mission-screen.ts';
import { changeLines } from './terminal/plan/print-change.ts';
import { fetchContents, planLines, type ShownPlan } from './terminal/print-plan.ts';
import { style } from './terminal/style.ts';

/**
 * How plans are answered: `ask` the person; `yes` to all, also to those that change on the way;
 * `approve` the one with this hash and ask about others; `leave` when one waits.
 */
export type AnswerMode =
  | { readonly type: 'ask' | 'yes' | 'leave' }
  | { readonly type: 'approve'; readonly hash: string };

/** Whose plan, and how it is answered; `detach` leaves as soon as the answer is yes. */
export interface PlanQuestion {
  readonly client: NodeClient;
  readonly space: string;
  readonly mission: string;
  readonly answer: AnswerMode;
  readonly json: boolean;
  readonly detach: boolean;
}

/**
 * Answers the plan, if it still waits; a status when there is nothing left to follow. Throws
 * `approval-needed` when there is nobody to ask, `interrupted` when the person left.
 */
export async function answerPlan(
  question: PlanQuestion,
  planId: string,
  screen: MissionScreen,
): Promise<number | undefined> {
  const { client, space, answer: mode, json, detach } = question;
  const mission = await findMission(client, question.mission);
  if (mission.body.status !== 'waiting' || mission.body.plan !== planId) return undefined;
  if (mode.type === 'leave') return 0;
  const shown = await shownPlan(client, mission, planId);
  if (shown === undefined) return undefined;
  const { plan } = shown;
  if (!json) await showPlan(question, shown, screen);
  const isYes = mode.type === 'yes' || (mode.type === 'approve' && mode.hash === plan.hash);
  const answer = isYes ? 'yes' : await screen.aside(() => ask(plan.supersedes !== undefined));
  if (answer === 'leave') throw interruptedAtPlan(mission);
  if (answer === undefined) throw approvalNeeded(mission, plan.supersedes !== undefined);
  const from = !isYes ? 'terminal' : mode.type === 'yes' ? '--yes' : 'skein approve';
  const rest = answer === 'yes' ? { from } : { reason: 'answered no at the terminal' };
  const name = answer === 'yes' ? 'mission.approve' : 'mission.reject';
  const input = { mission: mission.id, hash: plan.hash, ...rest };
  await client.post({ id: newCommandId(), name, input, space });
  return answer === 'yes' && detach ? 0 : undefined;
}

/** What a changed plan that needs no answer does otherwise, told on the screen. */
export async function tellChange(
  question: PlanQuestion,
  planId: string,
  screen: MissionScreen,
): Promise<void> {
  const mission = await findMission(question.client, question.mission);
  const shown = await shownPlan(question.client, mission, planId);
  if (shown !== undefined) await showPlan(question, shown, screen);
}

/** All of a first plan; of a changed one what it does otherwise. */
async function showPlan(
  { client, space }: PlanQuestion,
  shown: ShownPlan,
  screen: MissionScreen,
): Promise<void> {
  const painted = style(process.stderr);
  const contents = await fetchContents(client, space, shown.plan);
  const { before } = shown;
  const lines =
    before === undefined
      ? planLines(shown, contents, painted)
      : changeLines({ ...shown, before }, contents, painted);
  screen.say(`\n${lines.join('\n')}\n`);
}

/** A plan of a mission with the plan that it changes; undefined when it is not there. */
export async function shownPlan(
  client: NodeClient,
  { space, body: { options } }: FoundMission,
  planId: string | null,
): Promise<ShownPlan | undefined> {
  const plan = await fetchPlan(client, space, planId);
  if (plan === undefined) return undefined;
  return { plan, options, before: await fetchPlan(client, space, plan.supersedes) };
}

/** So long lines that were typed before the question are read, and thrown away. */
const TYPED_AHEAD_MS = 50;

/** An answer to a plan that nobody had seen yet would be none: what was typed before is dropped. */
async function dropTypedAhead(): Promise<void> {
  const drop = (): void => undefined;
  process.stdin.on('data', drop);
  await sleep(TYPED_AHEAD_MS);
  process.stdin.off('data', drop);
  process.stdin.pause();
}

/** Asks at the terminal; undefined when there is nobody to ask, or no answer but Ctrl-D. */
async function ask(isChanged: boolean): Promise<'yes' | 'no' | 'leave' | undefined> {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return undefined;
  await dropTypedAhead();
  const questions = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const which = isChanged ? 'the changed plan' : 'this plan';
    const answer = await questions.question(`Carry out ${which}? [y/N] `);
    return /^\s*y(es)?\s*$/iu.test(answer) ? 'yes' : 'no';
  } catch (thrown) {
    process.stderr.write('\n');
    return (thrown as Error).message.includes('Ctrl+C') ? 'leave' : undefined;
  } finally {
    questions.close();
  }
}

/** The two commands that answer a plan. */
export const waysToAnswer = (mission: string): string =>
  `skein approve ${shortId(mission)}   or   skein reject ${shortId(mission)}`;

const approvalNeeded = ({ id }: FoundMission, isChanged: boolean): SkeinError =>
  new SkeinError(
    'approval-needed',
    `Cannot go on with mission ${shortId(id)}: its ${isChanged ? 'changed plan' : 'plan'} waits for approval`,
    { fix: `${waysToAnswer(id)}   (run with --yes to approve at once)` },
  );

const interruptedAtPlan = ({ id }: FoundMission): SkeinError =>
  new SkeinError(
    'interrupted',
    `Cannot go on with mission ${shortId(id)}: you left; its plan waits for an answer`,
    { fix: waysToAnswer(id) },
  );
