/**
 * Who a message is for. On the record: `agent:<name>@<node>` with the first 16 digits of the node's
 * key, `skill:<name>` (exactly one agent that has it), `topic:<name>` (all agents that listen to it);
 * inside one mission `agent:<name>` and `mission:<id>`. The person at a node is its agent `person`.
 */
import type { EntityKind } from './event-type.ts';
import { SkeinError } from './errors.ts';
import { assertToken } from './subjects.ts';

/** Digits of a node's key that stand in the ids of its agents. */
export const NODE_DIGITS = 16;

/** The name of the agent that is the person at a node. */
export const PERSON = 'person';

/** A parsed address; `node` is absent when the name alone has to be enough. */
export type Address =
  | { readonly type: 'agent'; readonly name: string; readonly node?: string }
  | { readonly type: 'skill' | 'topic' | 'mission'; readonly name: string };

const AGENT_ID = /^[A-Za-z0-9_-]{1,64}@[0-9a-f]+$/u;

const NODE = new RegExp(`^[0-9a-f]{${NODE_DIGITS}}$`);

/** How a node is named in ids of agents. */
export const shortNode = (key: string): string => key.slice(0, NODE_DIGITS);

/** The id of an agent and of its inbox: `<name>@<node>`. Throws `subject-invalid`. */
export function agentId(name: string, nodeKey: string): string {
  assertToken(name, 'agent');
  return `${name}@${shortNode(nodeKey)}`;
}

/** The id of whoever spoke: its actor on the record, at the node that signed. */
export function speakerId(actor: string, author: string): string {
  const name = actor.startsWith('person:') ? PERSON : actor.slice(actor.indexOf(':') + 1);
  return `${name}@${shortNode(author)}`;
}

/** Reads an address; a bare name is an agent. Throws `subject-invalid`. */
export function parseAddress(value: string): Address {
  const [, kind = 'agent', rest = ''] =
    /^(?:(agent|skill|topic|mission):)?(.*)$/su.exec(value) ?? [];
  if (kind !== 'agent') {
    assertToken(rest, kind);
    return { type: kind as 'skill' | 'topic' | 'mission', name: rest };
  }
  const [name = '', node, ...more] = rest.split('@');
  assertToken(name, 'agent');
  if (node === undefined) return { type: 'agent', name };
  if (more.length > 0 || !NODE.test(node)) {
    throw new SkeinError(
      'subject-invalid',
      `Cannot address ${JSON.stringify(value.slice(0, 80))}`,
      {
        fix: `Write agent:<name>@<node> with the first ${NODE_DIGITS} digits of the node's key.`,
      },
    );
  }
  return { type: 'agent', name, node };
}

/** Whether only `author` may ever be the home of this entity, or undefined when the id does not say. */
export function isHomeById(kind: EntityKind, id: string, author: string): boolean | undefined {
  if (kind === 'node') return id === author;
  if (kind !== 'agent' && kind !== 'inbox') return undefined;
  // Ids of any length that nobody's door lets in would make lists of them slow for all others.
  return AGENT_ID.test(id) && id.endsWith(`@${shortNode(author)}`);
}
