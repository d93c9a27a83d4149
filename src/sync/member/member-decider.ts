/** Decides who belongs to a space: the owner's node alone, for a person or on behalf of an invitation. */
import { SkeinError } from '#protocol/errors.ts';
import { chainPoint } from '#protocol/events/space.ts';
import { digest, fields, oneOf, optional, text } from '#protocol/shape.ts';
import {
  defineDecider,
  requireEntity,
  type DeciderTable,
  type DecisionContext,
} from '#ledger/decider.ts';
import type { SpaceState } from '#ledger/state/space-reducer.ts';

/** The roles that an invitation may give; there is one owner. */
export const GUEST_ROLES = ['writer', 'reader'] as const;

/** A role that an invitation may give. */
export type GuestRole = (typeof GUEST_ROLES)[number];

const MAX_NAME = 64;

/** Commands about members: `space.admit`, `space.remove`. */
export const memberDeciders: DeciderTable = {
  'space.admit': defineDecider(
    fields({ key: digest, role: oneOf(...GUEST_ROLES), name: optional(text) }),
    ({ key, role, name }, context) => {
      const state = requireOwner(context, ['human', 'system']);
      if (key === state.owner) throw refused('admit', 'it is the owner');
      if (name !== undefined && (name === '' || name.length > MAX_NAME)) {
        throw new SkeinError('usage', `Cannot admit a member: a name has 1 to ${MAX_NAME} letters`);
      }
      // Its cut stands for ever: what it wrote later would be void.
      if (Object.hasOwn(state.removed, key))
        throw refused('admit', 'it was removed; a new home has a new key');
      if (state.members[key] === role) return [];
      // What it wrote meanwhile may be on its way: only a removal says where that ends.
      if (state.members[key] === 'writer') throw refused('admit', 'it may write already');
      const data = { key, role, ...(name === undefined ? {} : { name }) };
      return [{ type: 'space.member-admitted', subject: `space/${context.space}`, data }];
    },
  ),
  /** `cut` is the last commit of the member that counts; without it nothing of it ever did. */
  'space.remove': defineDecider(
    fields({ key: digest, cut: optional(chainPoint) }),
    ({ key, cut }, context) => {
      const state = requireOwner(context, ['human']);
      if (key === state.owner) throw refused('remove', 'it is the owner');
      if (!Object.hasOwn(state.members, key)) {
        throw new SkeinError('not-found', `Cannot remove ${key.slice(0, 16)}: it is no member`);
      }
      const data = { key, ...(cut === undefined ? {} : { cut }) };
      return [{ type: 'space.member-removed', subject: `space/${context.space}`, data }];
    },
  ),
};

function requireOwner(context: DecisionContext, may: readonly string[]): SpaceState {
  const { body } = requireEntity<SpaceState>(context, 'space', context.space);
  if (body.owner !== context.node) {
    const owner = body.owner.slice(0, 16);
    throw new SkeinError(
      'not-home',
      `Cannot change who belongs to the space: its owner is ${owner}`,
      {
        fix: "Do it at the owner's node.",
      },
    );
  }
  if (may.includes(context.authority)) return body;
  throw new SkeinError('unauthorized', 'Cannot change who belongs to the space: only a person may');
}

const refused = (action: string, state: string): SkeinError =>
  new SkeinError('command-rejected', `Cannot ${action} the member: ${state}`);
