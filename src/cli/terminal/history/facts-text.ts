/** Decisions, checks and prices of a mission in words, for the commands that look back. */
import type { EventEnvelope } from '#protocol/event.ts';
import type { CheckFact, CheckRun, PriceFacts } from '#supervisor/history/mission-facts.ts';
import { durationText, usd } from '../plan/plan-price.ts';
import { tell } from '../story.ts';
import type { Style } from '../style.ts';
import { checkName, count, seconds } from '../wording.ts';

/** An event with its time. */
export const eventText = (event: EventEnvelope, style: Style): string =>
  `${style.dim(event.time.slice(11, 19))} ${tell(event, style)}`;

/** The same with who decided, when that is not told anyway. */
export function decidedText(event: EventEnvelope, style: Style): string {
  const { actor, time } = event;
  const told = tell(event, style);
  const who = told.includes(actor) ? '' : `${actor}: `;
  return `${style.dim(time.slice(11, 19))} ${who}${told}`;
}

/** A check with how it ended before and after the change. */
export function checkText({ name, base, change, comparison }: CheckFact, style: Style): string {
  const compared = comparison === null ? '' : ` (${comparison})`;
  const isGood = comparison === 'passed' || comparison === 'fixed';
  const paint = comparison === null ? style.dim : isGood ? style.green : style.yellow;
  return `check ${checkName(name)}: ${runText(base)} before, ${runText(change)} after${paint(compared)}`;
}

/** How a run ended, and how long it took. */
export function runText(run: CheckRun | null): string {
  if (run === null) return 'not run';
  const ended = run.timedOut ? 'timed out' : `exit code ${run.exitCode ?? 'none'}`;
  return `${ended} in ${seconds(run.durationMs)}`;
}

/** What was planned. */
export function plannedText({ planned }: PriceFacts): string {
  if (planned === null) return 'nothing yet';
  const { files, changes, timeMs, money } = planned;
  const time = timeMs === null ? 'time unknown' : `about ${durationText(timeMs)}`;
  return `${amounts(files, changes)}, ${time}, ${usd(money)} USD`;
}

/** What it came to. */
export function usedText({ used }: PriceFacts): string {
  const { files, changes, workMs, money } = used;
  const time = workMs === null ? 'time unknown' : seconds(workMs);
  return `${amounts(files, changes)}, ${time}, ${usd(money)} USD`;
}

const amounts = (files: number, changes: number): string =>
  `${count(files, 'file')}, ${count(changes, 'change')}`;
