/** Turns the names of an old bus into names that Skein takes, and addresses into recipients. */
import { sha256 } from '#lib/sha256.ts';
import { parseExact, toText } from './plain-value.ts';
import type { Recipient } from './old-bus.ts';

/** Where what was sent to everybody goes. */
export const EVERYBODY = 'all';

/** The name of a sender or recipient that the old bus does not tell. */
export const UNKNOWN = 'unknown';

const NAME = /^[A-Za-z0-9_-]{1,64}$/u;
/** An agent with its node, as Skein writes it. */
const FULL_NAME = /^[A-Za-z0-9_-]{1,64}@[0-9a-f]{16}$/u;
const KINDS = /^(agent|topic|channel|skill|capability|role)[:/](.+)$/su;
const ALL = new Set(['*', 'all', 'broadcast', 'everyone', 'everybody', '@all', '@everyone']);
/** Names that mean somebody in Skein: an old agent of that name is not them. */
const RESERVED = /^(?:person|owner|supervisor|node|(?:scout|coder|critic|runner)-\d+)$/iu;
const MOST_KEPT = 56;

/**
 * A name that Skein takes: 1 to 64 of A-Z, a-z, 0-9, _ and -. One that had other characters ends with
 * six digits of its hash, so that two that looked alike stay two. Where who writes knows Skein
 * (`isLive`), a name that means somebody here means them, and may have its node after it.
 */
export function toName(old: string, isLive = false): string {
  const name = old.trim();
  if (name === '') return UNKNOWN;
  if (NAME.test(name) && (isLive || !RESERVED.test(name))) return name;
  if (isLive && FULL_NAME.test(name)) return name;
  const kept = name
    .replaceAll(/[^A-Za-z0-9_-]+/gu, '-')
    .replaceAll(/^-+|-+$/gu, '')
    .slice(0, MOST_KEPT);
  return `${kept === '' ? 'agent' : kept}-${sha256(name).slice(0, 6)}`;
}

/** The sender that a value names: a text, or an object with a name in it. */
export function toSender(value: unknown, isLive = false): string {
  const text = nameText(value);
  return toName(text.replace(/^agent[:/]|^@/u, ''), isLive);
}

function nameText(value: unknown): string {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) {
    return toText(value);
  }
  const record = value as Readonly<Record<string, unknown>>;
  const named = ['agent', 'agent_id', 'name', 'id', 'node'].find(
    (key) => typeof record[key] === 'string',
  );
  return toText(named === undefined ? value : record[named]);
}

/**
 * Whom a value names, at least one: a list (or one as JSON text) names several; `*` and its like are
 * the topic `all`; `#x` and what stands in a column of channels or topics is a topic.
 */
export function toRecipients(value: unknown, column: string, isLive = false): readonly Recipient[] {
  const listed = listOf(value);
  const found = listed.map((one) => toRecipient(nameText(one).trim(), column, isLive));
  const known = new Map(found.map((one) => [`${one.type}:${one.name}`, one]));
  return known.size === 0 ? [{ type: 'agent', name: UNKNOWN }] : [...known.values()];
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value !== 'string' || !value.trim().startsWith('[')) return [value];
  try {
    const parsed = parseExact(value);
    return Array.isArray(parsed) ? parsed : [value];
  } catch {
    return [value];
  }
}

function toRecipient(text: string, column: string, isLive: boolean): Recipient {
  if (ALL.has(text.toLowerCase())) return { type: 'topic', name: EVERYBODY };
  if (text.startsWith('#')) return { type: 'topic', name: toName(text.slice(1)) };
  const [, kind = /channel|topic/iu.test(column) ? 'topic' : '', rest = text] =
    KINDS.exec(text) ?? [];
  if (kind === 'topic' || kind === 'channel') return { type: 'topic', name: toName(rest) };
  const isSkill = kind !== '' ? kind !== 'agent' : /skill|capability/iu.test(column);
  if (isSkill) return { type: 'skill', name: toName(rest) };
  return { type: 'agent', name: toName(rest.replace(/^@/u, ''), isLive) };
}

/** Names in a list, in JSON (a list, or an object whose keys they are) or between commas. */
export function toNames(value: unknown): readonly string[] {
  const names = rawNames(value).map((one) => toName(nameText(one)));
  return [...new Set(names)].filter((name) => name !== UNKNOWN);
}

function rawNames(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (value === null || value === undefined) return [];
  if (typeof value === 'object' && !(value instanceof Uint8Array)) return Object.keys(value);
  const text = toText(value).trim();
  if (!/^[[{]/u.test(text)) return text.split(/[,;]/u);
  try {
    return rawNames(parseExact(text));
  } catch {
    return text.split(/[,;]/u);
  }
}
