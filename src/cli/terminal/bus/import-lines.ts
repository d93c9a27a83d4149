/** What is in an old bus, for people: what became of its columns, what was odd, who is in it. */
import type { ImportedAgent, Mapping, Problem, Survey } from '#daemon/import/old-bus.ts';
import type { TakenOver } from '../../import/take-over.ts';
import { readData } from '../read-data.ts';
import type { Style } from '../style.ts';
import { count } from '../wording.ts';

const FIELD_WIDTH = 10;
const MOST_AGENTS = 20;
const MOST_EXTRA = 20;

/** An old bus as it was found. */
export interface FoundBus {
  readonly mapping: readonly Mapping[];
  readonly survey: Survey;
}

/** Some lines on all of it. Names come from strangers: nothing in them steers the terminal. */
export function importLines(found: FoundBus, painted: Style): readonly string[] {
  const { mapping, survey } = readData(JSON.stringify(found)) as FoundBus;
  const { messages, unread, firstAt, lastAt, agents, problems, notes } = survey;
  const span = firstAt === null ? '' : `, from ${firstAt} to ${lastAt}`;
  return [
    ...mapping.flatMap((table) => mappingLines(table, painted)),
    painted.bold(`${count(messages, 'message')}, ${unread} of them unread${span}`),
    ...notes.map((note) => `  ${note}`),
    ...problems.map((problem) => problemLine(problem, painted)),
    painted.bold(count(agents.length, 'agent')),
    ...agents.slice(0, MOST_AGENTS).map((agent) => agentLine(agent, painted)),
    ...(agents.length > MOST_AGENTS ? [`  ... and ${agents.length - MOST_AGENTS} more`] : []),
  ];
}

function mappingLines({ table, fields, extra }: Mapping, { bold, dim }: Style): string[] {
  const kept = extra.slice(0, MOST_EXTRA).join(', ');
  const more = extra.length > MOST_EXTRA ? ` and ${extra.length - MOST_EXTRA} more` : '';
  return [
    bold(table),
    ...Object.entries(fields).map(
      ([field, column]) => `  ${field.padEnd(FIELD_WIDTH)} ${dim('is in')} ${column}`,
    ),
    ...(extra.length === 0 ? [] : [`  ${dim('kept beside:')} ${kept}${more}`]),
  ];
}

/** What each kind of problem can be answered with. */
const ADVICE: Readonly<Record<string, string>> = {
  'has a time without a zone': 'read as UTC, or as --utc-offset says',
  'has no time': 'keeps its place by its id only',
  'has a time that is none': 'what stands there is kept beside',
  'is a copy': 'counted once',
};

function problemLine({ what, count: cases, examples, left }: Problem, painted: Style): string {
  const places = examples.join(', ');
  const more = cases > examples.length ? ', ...' : '';
  const advice = left ? 'left out' : ADVICE[what];
  const told = `  ${cases} x ${what}${advice === undefined ? '' : `: ${advice}`}`;
  return `${left ? painted.yellow(told) : told} ${painted.dim(`(${places}${more})`)}`;
}

function agentLine({ name, role, skills, listed }: ImportedAgent, { dim }: Style): string {
  const about = [...(role === null ? [] : [role]), ...skills].join(', ');
  const how = listed ? '' : dim(' (only named in messages)');
  return `  ${name}${about === '' ? '' : `: ${about}`}${how}`;
}

/** What came of taking it over; `leftOut` could not even be read. */
export function takenLines(taken: TakenOver, leftOut: number): readonly string[] {
  const { agents, added, repeated, refused, refusals } = readData(
    JSON.stringify(taken),
  ) as TakenOver;
  const known = repeated === 0 ? '' : `, ${repeated} were here already`;
  const more = refusals > refused.length ? [`  ... and ${refusals - refused.length} more`] : [];
  return [
    `Taken over: ${count(added, 'message')} and ${count(agents, 'agent')}${known}.`,
    ...(refusals === 0 ? [] : [`Refused: ${refusals}`]),
    ...refused.map(({ what, detail }) => `  ${what}: ${detail}`),
    ...more,
    ...(leftOut === 0 ? [] : [`Left out: ${leftOut}, as told above.`]),
  ];
}
