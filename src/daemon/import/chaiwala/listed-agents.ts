/** The agents that an old bus lists, with the skills that a table of capabilities gives them. */
import type { DatabaseSync } from 'node:sqlite';
import {
  AGENT_NAMES,
  mapColumns,
  SKILL_NAMES,
  type FoundColumns,
  type MapChoice,
} from '../column-names.ts';
import type { ImportedAgent, Mapping } from '../old-bus.ts';
import { toName, toNames, toSender, UNKNOWN } from '../old-name.ts';
import { toPlain, toText } from '../plain-value.ts';
import type { ProblemList } from '../problem-list.ts';
import { readTime } from '../read-time.ts';
import { allRows, findTable } from './sqlite-tables.ts';
import type { OldRecord } from '../to-messages.ts';

interface ListOptions {
  readonly choices: readonly MapChoice[];
  readonly problems: ProblemList;
  readonly utcOffsetMinutes?: number;
}

interface Listed {
  readonly agents: readonly ImportedAgent[];
  readonly mapping: readonly Mapping[];
}

/** Reads the tables `agents` and `capabilities`, where there are such. */
export function listedAgents(
  database: DatabaseSync,
  tables: readonly string[],
  options: ListOptions,
): Listed {
  const { choices, problems } = options;
  const agents = new Map<string, ImportedAgent>();
  const mapping: Mapping[] = [];
  const table = findTable(database, tables, 'agents');
  if (table !== undefined) {
    const mapped = mapColumns(AGENT_NAMES, table.columns, { table: 'agents', choices });
    mapping.push({ table: table.name, fields: mapped.columns, extra: mapped.extra });
    for (const row of allRows(database, table, problems)) addAgent(agents, row, mapped, options);
  }
  const skills = findTable(database, tables, 'capabilities');
  if (skills !== undefined) {
    const mapped = mapColumns(SKILL_NAMES, skills.columns, { table: 'capabilities', choices });
    mapping.push({ table: skills.name, fields: mapped.columns, extra: mapped.extra });
    for (const row of allRows(database, skills, problems)) addSkill(agents, row, mapped, problems);
  }
  return { agents: [...agents.values()], mapping };
}

function addAgent(
  agents: Map<string, ImportedAgent>,
  row: OldRecord,
  { columns, extra }: FoundColumns<typeof AGENT_NAMES>,
  { problems, utcOffsetMinutes = 0 }: ListOptions,
): void {
  const value = row[columns.name ?? ''];
  const name = toSender(value);
  if (name === UNKNOWN) return problems.note('is an agent without a name', toText(value), true);
  if (agents.has(name)) problems.note('is an agent that is listed twice', name);
  const role = toText(row[columns.role ?? '']);
  const seen = readTime(row[columns.lastSeen ?? ''], utcOffsetMinutes);
  const before = agents.get(name);
  const kept = [...extra, ...(name === value ? [] : [columns.name ?? '']), columns.lastSeen ?? '']
    .filter((column) => row[column] !== undefined && row[column] !== null)
    .map((column): [string, unknown] => [column, toPlain(row[column])]);
  agents.set(name, {
    name,
    role: role === '' ? (before?.role ?? null) : role,
    skills: [...new Set([...(before?.skills ?? []), ...toNames(row[columns.skills ?? ''])])],
    lastSeen: seen === undefined ? (before?.lastSeen ?? null) : new Date(seen.ms).toISOString(),
    listed: true,
    extra: { ...before?.extra, ...Object.fromEntries(kept) },
  });
}

/** The level, and what else stands in the row, is kept beside the agent: `capabilities: [{...}]`. */
function addSkill(
  agents: Map<string, ImportedAgent>,
  row: OldRecord,
  { columns }: FoundColumns<typeof SKILL_NAMES>,
  problems: ProblemList,
): void {
  const name = toSender(row[columns.agent ?? '']);
  const skill = toText(row[columns.skill ?? '']);
  if (name === UNKNOWN || skill === '') {
    return problems.note('is a skill of nobody, or without a name', `${name}: ${skill}`, true);
  }
  const none = { name, role: null, skills: [], lastSeen: null, listed: true, extra: {} };
  const agent: ImportedAgent = agents.get(name) ?? none;
  const before = agent.extra['capabilities'];
  const rows = [...(Array.isArray(before) ? (before as unknown[]) : []), toPlain(row)];
  agents.set(name, {
    ...agent,
    skills: [...new Set([...agent.skills, toName(skill)])],
    extra: { ...agent.extra, capabilities: rows },
  });
}
