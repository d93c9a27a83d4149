/** Tells what becomes of a mission and of its plans. */
import { count, firstLine, list, seconds, short, size, word } from '../wording.ts';
import type { Data, Told } from './teller.ts';

/** Whether an id is that of a plan that changes an earlier one: `<mission>.2` and on. */
const isChanged = (plan: unknown): boolean => /\.(?!1$)\d+$/u.test(word(plan));

/** Events of missions, plans and of the record itself. */
export const MISSION_TOLD: Told = {
  'space.created': () => 'a new record begins',
  'space.member-admitted': (data) => `${word(data['role'])} ${short(data['key'])} admitted`,
  'space.member-removed': (data) => `member ${short(data['key'])} removed`,
  'space.chain-started': (data) => `a new chain begins: ${firstLine(data['reason'])}`,
  'record.pruned': (data, { yellow }) => {
    const what = data['what'] === 'outputs' ? 'outputs of programs' : 'bodies of events';
    const gone = `${count(Number(data['events']), 'event')}, ${size(Number(data['bytes']))}`;
    return `${yellow('pruned')}: ${what} (${gone}): ${firstLine(data['reason'])}`;
  },
  'mission.submitted': (data, { bold }) =>
    `goal: ${bold(word(data['goal']))}  (base ${short(data['base'])})`,
  'mission.forked': (data, { bold }) => {
    const done = list(data['done']).length;
    const kept = data['plan'] === null ? 'planned anew' : `${count(done, 'task')} done`;
    const where = `mission ${word(data['from']).slice(0, 13)} at ${word(data['at'])}`;
    return `goal: ${bold(word(data['goal']))}  (forked from ${where}, ${kept}, base ${short(data['base'])})`;
  },
  'mission.planned': (data) =>
    `${isChanged(data['plan']) ? 'the changed plan' : 'plan'} ${short(data['hash'])} waits for an answer`,
  'mission.replanned': (data, { yellow }) =>
    `${yellow('plan changed')}: ${firstLine(data['reason'])} (plan ${short(data['hash'])}, within what was approved)`,
  'mission.approved': (data, { green }) =>
    `${green('approved')} plan ${short(data['hash'])} (${word(data['from'])})`,
  'mission.rejected': (data, { yellow }) => `${yellow('rejected')}: ${firstLine(data['reason'])}`,
  'mission.interrupted': (data, { yellow }) =>
    `${yellow('interrupted')}: ${firstLine(data['reason'])}`,
  'mission.resumed': () => 'resumed',
  'mission.cancelled': (data, { yellow }) => `${yellow('cancelled')}: ${firstLine(data['reason'])}`,
  'mission.done': (data, { green }) =>
    `${green('done')} in ${seconds(data['durationMs'])}: git commit ${short(data['gitCommit'])} on ${word(data['branch'])}`,
  'mission.failed': (data, { red }) => `${red('failed')}: ${firstLine(data['message'])}`,
  'plan.proposed': (data, { yellow }) => {
    const { files, changes } = (data['price'] ?? {}) as Data;
    const what = `${firstLine(data['summary'])}, ${count(Number(files), 'file')}, ${count(Number(changes), 'change')} (${word(data['engine'])})`;
    if (data['supersedes'] === undefined) return `planned: ${what}`;
    return `${yellow('planned anew')}: ${what}: ${firstLine(data['reason'])}`;
  },
};
