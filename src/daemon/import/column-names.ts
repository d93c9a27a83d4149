/** Which column or key means what: known names for each field, and what a person says by `--map`. */
import { SkeinError } from '#protocol/errors.ts';

/** Known names by field, compared without case and signs. */
type Synonyms = Readonly<Record<string, readonly string[]>>;

/** What a message is made of. */
export const MESSAGE_NAMES = {
  id: ['id', 'message_id', 'msg_id', 'uuid', 'message_uuid'],
  from: (
    'from sender from_agent source sender_id from_id from_agent_id sender_agent ' +
    'source_agent from_node author'
  ).split(' '),
  to: (
    'to recipient to_agent target destination channel topic skill receiver recipient_id ' +
    'receiver_id to_id to_agent_id target_agent recipient_agent to_node capability ' +
    'recipients'
  ).split(' '),
  text: ['body', 'text', 'content', 'message', 'payload', 'msg'],
  sentAt: ['created_at', 'timestamp', 'ts', 'sent_at', 'created', 'sent', 'time', 'date'],
  priority: ['priority', 'prio', 'urgency', 'importance'],
  status:
    'status read acked delivered is_read is_acked is_delivered acknowledged processed state'.split(
      ' ',
    ),
  replyTo: ['reply_to', 'parent_id', 'in_reply_to', 'correlation_id', 'reply_to_id', 'parent'],
} as const satisfies Synonyms;

/** What an agent is made of. */
export const AGENT_NAMES = {
  name: ['name', 'agent_id', 'agent', 'id', 'agent_name'],
  role: ['role', 'type', 'agent_type', 'kind'],
  skills: ['skills', 'capabilities', 'skill', 'capability'],
  lastSeen: ['last_seen', 'last_heartbeat', 'heartbeat', 'last_seen_at', 'seen_at', 'updated_at'],
} as const satisfies Synonyms;

/** What a row of a table of capabilities is made of. */
export const SKILL_NAMES = {
  agent: ['agent', 'agent_id', 'agent_name', 'name'],
  skill: ['capability', 'skill', 'capability_id', 'skill_id', 'capability_name', 'skill_name'],
  level: ['level', 'confidence', 'score', 'proficiency', 'weight'],
} as const satisfies Synonyms;

/** The column of each field that has one. */
export type Columns<S extends Synonyms> = { readonly [F in keyof S]?: string };

/** What `mapColumns` found. */
export interface FoundColumns<S extends Synonyms> {
  readonly columns: Columns<S>;
  readonly extra: readonly string[];
}

const plain = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/gu, '');

const isName = (names: readonly string[], column: string): boolean =>
  names.some((name) => plain(name) === plain(column));

/** One `--map`: a field (or any known name of it) and the column it is in; '' = in none. */
export interface MapChoice {
  readonly table: string;
  readonly field: string;
  readonly column: string;
}

const SYNONYMS_BY_TABLE: Readonly<Record<string, Synonyms>> = {
  messages: MESSAGE_NAMES,
  agents: AGENT_NAMES,
  capabilities: SKILL_NAMES,
};

/** Reads `--map [table.]field=column`; throws `usage` for what can't be meant. */
export function readMapChoices(typed: readonly string[]): readonly MapChoice[] {
  return typed.map((word) => {
    const [, table = 'messages', name = '', column = ''] =
      /^(?:(messages|agents|capabilities)\.)?([^=]+)=(.*)$/su.exec(word) ?? [];
    const synonyms = SYNONYMS_BY_TABLE[table] ?? {};
    const field = Object.keys(synonyms).find(
      (each) => plain(each) === plain(name) || isName(synonyms[each] ?? [], name),
    );
    if (name !== '' && field !== undefined) return { table, field, column };
    throw new SkeinError('usage', `Cannot map "${word}": it names no field`, {
      fix: `Write --map <field>=<column>; the fields of a message are ${Object.keys(MESSAGE_NAMES).join(', ')}, those of an agent agents.name, agents.role, ...`,
    });
  });
}

/** What was chosen, for which table; `lenient` = a chosen column may be missing here. */
interface MapOptions {
  readonly table: string;
  readonly choices: readonly MapChoice[];
  readonly lenient?: boolean;
}

/**
 * Maps columns by name. What was chosen counts; a field for which several columns are known names is
 * refused with `import-ambiguous`, all of them at once, with what to type.
 */
export function mapColumns<S extends Synonyms>(
  synonyms: S,
  columns: readonly string[],
  { table, choices, lenient = false }: MapOptions,
): FoundColumns<S> {
  const chosen = choices.filter((choice) => choice.table === table);
  const found: Record<string, string> = {};
  for (const { field, column } of chosen) {
    if (column === '') continue;
    const here = existing(columns, column);
    if (here !== undefined) found[field] = here;
    else if (!lenient) throw noSuchColumn(columns, column, table);
  }
  const taken = new Set(Object.values(found));
  const unclear: [field: string, candidates: readonly string[]][] = [];
  for (const [field, names] of Object.entries(synonyms)) {
    const choice = chosen.find((each) => each.field === field);
    if (choice?.column === '' || found[field] !== undefined) continue;
    const candidates = columns.filter((column) => !taken.has(column) && isName(names, column));
    if (candidates.length > 1) unclear.push([field, candidates]);
    else if (candidates[0] !== undefined) found[field] = candidates[0];
  }
  if (unclear.length > 0) throw ambiguous(table, unclear);
  const used = new Set(Object.values(found));
  return {
    columns: found as Columns<S>,
    extra: columns.filter((column) => !used.has(column)),
  };
}

const existing = (columns: readonly string[], wanted: string): string | undefined =>
  columns.find((column) => column === wanted) ??
  columns.find((column) => plain(column) === plain(wanted));

const noSuchColumn = (columns: readonly string[], wanted: string, table: string): SkeinError =>
  new SkeinError('import-ambiguous', `Cannot map ${table}: there is no column "${wanted}"`, {
    fix: `Its columns are ${columns.join(', ')}.`,
  });

function ambiguous(
  table: string,
  unclear: readonly (readonly [field: string, candidates: readonly string[]])[],
): SkeinError {
  const prefix = table === 'messages' ? '' : `${table}.`;
  const told = unclear.map(([field, candidates]) => `${field} could be ${candidates.join(' or ')}`);
  const example = unclear.map(([field, [first]]) => `--map ${prefix}${field}=${first}`).join(' ');
  return new SkeinError('import-ambiguous', `Cannot map ${table}: ${told.join('; ')}`, {
    fix: `Say which, for example: ${example} (what you don't choose is kept beside the message).`,
    details: { table, unclear: Object.fromEntries(unclear) },
  });
}
