/**
 * Who listens to one subject, in one process: groups, each with its members. Who listens alone is a
 * group of one. Turns are taken, and who has no room is passed over.
 */
import type { Delivery, DeliveryQueue } from './delivery-queue.ts';

/** Items that take turns; `turn` is whose it is, counted round and round. */
interface Ring<T> {
  items: readonly T[];
  turn: number;
}

interface Group extends Ring<DeliveryQueue> {
  readonly name: string | undefined;
}

/** The listeners of one subject. Lists are replaced, never grown: with one item they stay small. */
export class Audience implements Ring<Group> {
  items: readonly Group[] = [];
  turn = 0;

  get empty(): boolean {
    return this.items.length === 0;
  }

  join(queue: DeliveryQueue): void {
    const { group: name } = queue;
    const group = this.items.find((each) => name !== undefined && each.name === name);
    if (group === undefined) this.items = [...this.items, { name, items: [queue], turn: 0 }];
    else group.items = [...group.items, queue];
  }

  leave(queue: DeliveryQueue): void {
    for (const group of this.items) group.items = group.items.filter((each) => each !== queue);
    this.items = this.items.filter(({ items }) => items.length > 0);
  }

  /** One member of every group gets it; where nobody has room, one counts it as dropped. */
  offerAll(delivery: Delivery): void {
    const fits = hasRoom(delivery);
    for (const group of this.items) nextInTurn(group, fits)?.offer(delivery);
  }

  /** One member of one group gets it; answers whether anybody had room. */
  offerOne(delivery: Delivery): boolean {
    const fits = hasRoom(delivery);
    const group = nextInTurn(this, ({ items }) => items.some(fits));
    return (group && nextInTurn(group, fits))?.offer(delivery) ?? false;
  }
}

const hasRoom =
  ({ wire }: Delivery) =>
  (queue: DeliveryQueue): boolean =>
    queue.hasRoom(wire);

/** The first that is `fit`, beginning with whose turn it is; if none is, that one. */
function nextInTurn<T>(ring: Ring<T>, fit: (item: T) => boolean): T | undefined {
  const { items, turn } = ring;
  const steps = items.findIndex((_, step) => fit(items[(turn + step) % items.length] as T));
  const at = (turn + Math.max(0, steps)) % items.length;
  ring.turn = at + 1;
  return items[at];
}
