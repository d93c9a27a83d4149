/**
 * Decides how a message of an older bus is kept: as if it had come then, under an id that the importer
 * derived from it, so that importing it again changes nothing.
 */
import { defineDecider, type DeciderTable, type DecisionContext } from '#ledger/decider.ts';
import { parseAddress } from '#protocol/address.ts';
import { SkeinError } from '#protocol/errors.ts';
import { PRIORITIES } from '#protocol/events/message.ts';
import { blobReference } from '#protocol/events/mission.ts';
import { fields, flag, oneOf, optional, text } from '#protocol/shape.ts';
import { agentIndex } from '../agent-index.ts';
import { isoOf, type MessageHead } from './message-head.ts';
import { atHome, deferOrRefuse, isHere, listeners } from './message-route.ts';
import { sent } from './send-decider.ts';

/**
 * Command `message.import`: one message; the command's id is the message's. A bare name in `to` and
 * `from` is an agent of this node, if it has one of that name. What is not `handled` waits in the
 * inboxes it is for, as if it had come from another node. A text over 16 kB comes as the blob `body`;
 * `extra` is JSON of at most 64 kB.
 */
export const importDeciders: DeciderTable = {
  'message.import': defineDecider(
    fields({
      from: text,
      to: text,
      text,
      sentAt: optional(text),
      priority: optional(oneOf(...PRIORITIES)),
      replyTo: optional(text),
      body: optional(blobReference),
      handled: flag,
      extra: optional(text),
    }),
    ({ from, to, handled, sentAt: said, ...rest }, context) => {
      if (context.authority !== 'human' && context.authority !== 'system') {
        throw new SkeinError(
          'unauthorized',
          `Cannot import for ${context.actor}: only the person may`,
        );
      }
      const sentAt = timeOf(said) ?? isoOf(context.now);
      const { priority } = rest;
      const head: MessageHead = {
        message: context.command,
        from: agentNamed(context, from) ?? from,
        sentAt,
        ...(priority === undefined ? {} : { priority }),
      };
      const message = sent(
        context,
        addressOf(context, to),
        { ...rest, importedFrom: from },
        sentAt,
      );
      if (handled) return [message];
      const here = recipients(context, to);
      return [message, ...atHome(context, head, here, deferOrRefuse(context, head))];
    },
  ),
};

function timeOf(value: string | undefined): string | undefined {
  const ms = Date.parse(value ?? '');
  return Number.isNaN(ms) || Math.abs(ms) > Date.UTC(9999, 0, 1) ? undefined : isoOf(ms);
}

/** The agent of this node that an old name means. */
function agentNamed(context: DecisionContext, name: string): string | undefined {
  const bare = name.startsWith('agent:') ? name.slice('agent:'.length) : name;
  const found = context.view(agentIndex).byName.get(bare) ?? [];
  return found.find((id) => isHere(context, id));
}

/** As the record writes it; an old name that is none here stays what it was. */
function addressOf(context: DecisionContext, to: string): string {
  const id = agentNamed(context, to);
  return id === undefined ? to : `agent:${id}`;
}

function recipients(context: DecisionContext, to: string): readonly string[] {
  const id = agentNamed(context, to);
  if (id !== undefined) return [id];
  if (!to.startsWith('topic:')) return [];
  const { name } = parseAddress(to);
  return listeners(context, name);
}
