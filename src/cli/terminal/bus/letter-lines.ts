/** Shows messages to people: who says what to whom, how urgent, until when. */
import type { ListedDead, ListedLetter } from '#api/bus-door.ts';
import type { Letter } from '#bus/inbox/letters.ts';
import type { Style } from '../style.ts';
import { count, firstLine } from '../wording.ts';

/** Enough of an id to name the message, where those who are shown beside it begin otherwise. */
export function shortIds(ids: readonly string[]): (id: string) => string {
  const length = (id: string): number => {
    for (let digits = 13; digits < id.length; digits += 1) {
      if (ids.filter((each) => each.startsWith(id.slice(0, digits))).length <= 1) return digits;
    }
    return id.length;
  };
  return (id) => id.slice(0, length(id));
}

/** An agent of this node is called by its name alone. */
export const agentName = (id: string, here: string | undefined): string =>
  here !== undefined && id.endsWith(here) ? id.slice(0, -here.length) : id;

/** The end of the ids of all agents of the same node as this inbox's. */
export const hereOf = (inbox: string): string => inbox.slice(inbox.indexOf('@'));

/** The head of a message and its text; `id` is as it is to be shown. */
export function letterLines(letter: Letter, id: string, painted: Style): string[] {
  const { bold, dim } = painted;
  const { from, text, sentAt, inbox, importedFrom } = letter;
  const sender = bold(importedFrom ?? agentName(from, hereOf(inbox)));
  const facts = [...urgentFacts(letter, painted), ...quietFacts(letter).map(dim)];
  const head = `${id}  ${dim(clock(sentAt))}  ${sender}`;
  const indented = text.split('\n').map((line) => `    ${line}`);
  return [facts.length === 0 ? head : `${head}  ${facts.join(dim(', '))}`, ...indented];
}

/** What a reader should not miss. */
function urgentFacts(letter: Letter, { cyan, yellow }: Style): string[] {
  const { priority, kind, answerBy } = letter;
  const asks = answerBy === undefined ? 'asks' : `asks by ${clock(answerBy)}`;
  return [
    ...(priority === 'normal' ? [] : [yellow(priority)]),
    ...(kind === 'ask' || answerBy !== undefined ? [cyan(asks)] : []),
    ...((letter as { isCut?: true }).isCut === true ? [yellow('only its beginning is here')] : []),
  ];
}

/** Local time; the day too when it is another one. */
function clock(iso: string): string {
  const at = new Date(iso);
  const time = at.toTimeString().slice(0, 8);
  const isToday = at.toDateString() === new Date().toDateString();
  return isToday ? time : `${iso.slice(0, 10)} ${time}`;
}

function quietFacts(letter: Letter & Partial<ListedLetter>): string[] {
  const { to = '', replyTo, state, until, notBefore, tries, expiresAt } = letter;
  const isAgain = tries > (state === 'handed out' || state === undefined ? 1 : 0);
  return [
    ...(to === '' || to.startsWith('agent:') ? [] : [`for ${to}`]),
    ...(replyTo === undefined ? [] : ['an answer']),
    ...(state === 'handed out' && until ? [`handed out until ${clock(until)}`] : []),
    ...(state === 'delayed' && notBefore ? [`comes again at ${clock(notBefore)}`] : []),
    ...(isAgain ? [`handed out ${count(tries, 'time')}`] : []),
    ...(expiresAt === undefined ? [] : [`expires ${clock(expiresAt)}`]),
  ];
}

/** A message that was given up, and why. */
export function deadLines(dead: ListedDead, id: string, { yellow, bold }: Style): string[] {
  const tries = count(dead.tries, 'try', 'tries');
  return [
    `${id}  ${bold(dead.from)} ${yellow(`given up after ${tries}`)}: ${dead.reason}`,
    `    ${firstLine(dead.text)}`,
  ];
}
