/** Tells what becomes of messages between inboxes, which agents and nodes there are, and forks of chains. */
import type { EventEnvelope } from '#protocol/event.ts';
import { count, firstLine, list, pathList, seconds, short, word } from '../wording.ts';
import { subjectName, type Data, type Told } from './teller.ts';

/** Events of messages, inboxes, agents, nodes, requests between nodes, and of a space's chains. */
export const BUS_TOLD: Told = {
  'message.assigned': (data) =>
    `message ${shortEnd(data)} is for ${agent(data['to'])}${again(data['attempt'])}`,
  'message.received': (data, _style, event) =>
    `${receiver(data, event)} received message ${shortEnd(data)}${from(data)}`,
  'message.deferred': (data, { yellow }) =>
    `${yellow('no room')} in the inbox of ${agent(data['inbox'])}: message ${shortEnd(data)}${from(data)} waits outside`,
  'message.refused': (data, { yellow }) =>
    `${yellow('not taken')} by ${agent(data['to'])}: message ${shortEnd(data)}: ${firstLine(data['detail'])}`,
  'message.delivered': (data) => {
    const messages = list(data['messages']);
    const which = messages.length === 1 ? ` ${end(messages[0])}` : '';
    return `${agent(data['inbox'])} is handed ${count(messages.length, 'message')}${which}`;
  },
  'message.handled': (data, _style, event) =>
    `${receiver(data, event)} handled message ${shortEnd(data)} in ${word(data['processingMs'])} ms`,
  'message.returned': (data, { yellow }) =>
    `${agent(data['inbox'])} ${yellow('gives back')} message ${shortEnd(data)}: ${firstLine(data['reason'])}`,
  'message.dead-lettered': (data, { red }) =>
    `${red('given up')} after ${count(Number(data['tries']), 'try', 'tries')}: message ${shortEnd(data)} for ${agent(data['inbox'])}: ${firstLine(data['reason'])}`,
  'message.expired': (data, { yellow }) =>
    `${yellow('expired')}: message ${shortEnd(data)} for ${agent(data['inbox'])}`,
  'message.unanswered': (data, { yellow }) =>
    `${yellow('no answer')} of ${agent(data['to'])} to message ${shortEnd(data)} by ${word(data['answerBy']).slice(11, 19)} (${word(data['state'])})`,
  'inbox.opened': (data) =>
    `inbox of ${agent(data['inbox'])}: room for ${word(data['limit'])}, ${seconds(data['handleMs'])} for each, ${count(Number(data['tries']), 'try', 'tries')}`,
  'inbox.closed': (data, { yellow }) =>
    `inbox of ${agent(data['inbox'])} ${yellow('closed')}: ${firstLine(data['reason'])}`,
  'agent.registered': (data, _style, event) =>
    `agent ${agent(subjectName(event))} is there: ${word(data['role'])}${able(data)}`,
  'agent.retired': (data, { yellow }, event) =>
    `agent ${agent(subjectName(event))} ${yellow('retired')}: ${firstLine(data['reason'])}`,
  'node.announced': (data, { yellow }) => {
    const places = list(data['addresses']);
    const where = places.length === 0 ? '' : ` at ${pathList(places)}`;
    const leaving = data['draining'] === true ? `, ${yellow('draining')}` : '';
    return `node ${word(data['name'])} (${word(data['version'])})${where}${leaving}`;
  },
  'presence.changed': (data, { green, yellow, red }, event) => {
    const to = word(data['to']);
    const paint = to === 'alive' ? green : to === 'lost' ? red : yellow;
    const [kind] = event.subject.split('/', 1);
    return `${word(kind)} ${short(subjectName(event))} is ${paint(to)} (was ${word(data['from'])})`;
  },
  'request.made': (data) => `asks node ${short(data['to'])} for ${word(data['command'])}`,
  'request.accepted': (data, { green }) => {
    const events = count(list(data['events']).length, 'event');
    return `request ${end(data['request'])} ${green('accepted')}: ${events}`;
  },
  'request.rejected': (data, { yellow }) =>
    `request ${end(data['request'])} ${yellow('rejected')}: ${firstLine(data['detail'])} (${word(data['error'])})`,
  'chain.forked': (data, { red }) =>
    `${red('forked')}: ${short(data['author'])} signed two commits with number ${word(data['seq'])} of chain ${short(data['chain'])}; nothing counts from there on`,
};

/** Ids of one millisecond begin alike: their end tells them apart. */
const end = (id: unknown): string => `...${word(id).slice(-6)}`;

const shortEnd = (data: Data): string => end(data['message']);

/** Without its node: a story is mostly that of one. */
const agent = (id: unknown): string =>
  word(id)
    .replace(/^agent:/u, '')
    .replace(/@.*$/u, '');

/** Inside a mission agents have no inbox: who speaks is who received. */
const receiver = (data: Data, event: EventEnvelope): string =>
  data['inbox'] === undefined ? event.actor : agent(data['inbox']);

const from = (data: Data): string =>
  data['from'] === undefined ? '' : ` from ${agent(data['from'])}`;

const again = (attempt: unknown): string =>
  Number(attempt) > 1 ? ` (attempt ${word(attempt)})` : '';

function able(data: Data): string {
  const skills = list(data['skills']);
  const topics = list(data['topics']);
  const can = skills.length === 0 ? '' : `, can ${pathList(skills)}`;
  return `${can}${topics.length === 0 ? '' : `, listens to ${pathList(topics)}`}`;
}
