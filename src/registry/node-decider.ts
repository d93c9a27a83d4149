/** Decides what a node says of itself: recorded only when it is something new. */
import { SkeinError } from '#protocol/errors.ts';
import { nodeEvents } from '#protocol/events/node.ts';
import { assertToken } from '#protocol/subjects.ts';
import { defineDecider, type DeciderTable } from '#ledger/decider.ts';
import type { NodeCard } from './registry-reducer.ts';

const MAX_ADDRESSES = 16;
const MAX_TEXT = 256;

/** The command `node.announce`: the card of the node that decides it. */
export const nodeDeciders: DeciderTable = {
  'node.announce': defineDecider(nodeEvents['node.announced'].data, (card, context) => {
    if (context.authority !== 'system' && context.authority !== 'human') {
      throw new SkeinError('command-rejected', 'Cannot announce the node: only itself may do so');
    }
    assertToken(card.name, 'node');
    assertShort(card);
    const { name, version, addresses, draining } = card;
    const known = context.entity<NodeCard>('node', context.node)?.body;
    if (known !== undefined && isSame(known, card)) return [];
    const data = { name, version, addresses, draining };
    return [{ type: 'node.announced', subject: `node/${context.node}`, data }];
  }),
};

function assertShort({ version, addresses }: Pick<NodeCard, 'version' | 'addresses'>): void {
  const texts = [version, ...addresses];
  if (addresses.length <= MAX_ADDRESSES && texts.every(({ length }) => length <= MAX_TEXT)) return;
  throw new SkeinError(
    'usage',
    `Cannot announce the node: it has more than ${MAX_ADDRESSES} addresses, or a text of more than ${MAX_TEXT}`,
  );
}

const isSame = (a: NodeCard, b: NodeCard): boolean =>
  a.name === b.name &&
  a.version === b.version &&
  a.draining === b.draining &&
  a.addresses.length === b.addresses.length &&
  a.addresses.every((address, index) => address === b.addresses[index]);
