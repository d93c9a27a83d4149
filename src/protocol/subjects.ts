/**
 * The one place where subjects of the bus are built: `skein.<space>.<kind>.<name>`. The space comes
 * first, so that what belongs to one space can be let through or kept apart by its beginning.
 */
import { SkeinError } from './errors.ts';

/** The longest subject in bytes that any carrier has to take; every subject built here is shorter. */
export const MAX_SUBJECT_BYTES = 255;

/** What a subject may address. */
export type SubjectKind = 'agent' | 'topic' | 'role' | 'node' | 'signal';

// No dot, star, greater-than or blank: carriers split subjects at dots and read the others as wild cards.
const TOKEN = '[A-Za-z0-9_-]{1,64}';
const WHOLE_TOKEN = new RegExp(`^${TOKEN}$`);
const SUBJECT = new RegExp(`^skein\\.${TOKEN}\\.(?:agent|topic|role|node|signal)\\.${TOKEN}$`);
const AGENT = 'agent:';
const MAX_QUOTED = 80;

/** Where one agent listens; `agent` is its name on the record (`agent:coder-1`). Throws `subject-invalid`. */
export function agentSubject(space: string, agent: string): string {
  if (typeof agent !== 'string' || !agent.startsWith(AGENT)) throw invalid('agent', agent);
  return subject(space, 'agent', agent.slice(AGENT.length));
}

/** Where all who care about `topic` listen. Throws `subject-invalid`. */
export const topicSubject = (space: string, topic: string): string =>
  subject(space, 'topic', topic);

/** Where the agents of `role` listen, as one group of that name. Throws `subject-invalid`. */
export const roleSubject = (space: string, role: string): string => subject(space, 'role', role);

/** Where one node listens to others; `node` is its key or how it begins. Throws `subject-invalid`. */
export const nodeSubject = (space: string, node: string): string => subject(space, 'node', node);

/** Where signals of one kind go: heartbeats, progress, load. Throws `subject-invalid`. */
export const signalSubject = (space: string, kind: string): string =>
  subject(space, 'signal', kind);

/** Throws `subject-invalid` unless `value` is a subject as the functions above build it. */
export function assertSubject(value: unknown): asserts value is string {
  if (typeof value !== 'string' || value.length > MAX_SUBJECT_BYTES || !SUBJECT.test(value)) {
    throw invalid('subject', value);
  }
}

/** Throws `subject-invalid` unless `value` may be part of a subject, or name a group; `what` says which. */
export function assertToken(value: unknown, what: string): asserts value is string {
  if (typeof value !== 'string' || !WHOLE_TOKEN.test(value)) throw invalid(what, value);
}

function subject(space: string, kind: SubjectKind, name: string): string {
  assertToken(space, 'space');
  assertToken(name, kind);
  return `skein.${space}.${kind}.${name}`;
}

function invalid(what: string, value: unknown): SkeinError {
  // What is wrong may be of any length: an error stays short.
  const shown =
    typeof value === 'string' ? JSON.stringify(value.slice(0, MAX_QUOTED)) : typeof value;
  return new SkeinError('subject-invalid', `Cannot address ${what} ${shown}: it is no valid name`, {
    fix: 'Use 1 to 64 of A-Z, a-z, 0-9, _ and - for a name, and agent:<name> for an agent.',
  });
}
