/**
 * Who listens to one subject, in one process: groups, each with its members. Who listens alone is a
 * group of one. Members take turns: those who are idle first, so that nothing waits behind long work
 * while another has nothing to do; then those with room.
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
    const group = this.items.find(({ items }) => items.includes(queue));
    if (group === undefined) return;
    group.items = group.items.filter((each) => each !== queue);
    if (group.items.length === 0) this.items = this.items.filter((each) => each !== group);
  }

  /** Whether a message of so many bytes would fit somewhere. */
  hasRoom(sizeBytes: number): boolean {
    return this.items.some(({ items }) => items.some((queue) => queue.hasRoom({ sizeBytes })));
  }

  /** One member of every group gets it; where nobody has room, one counts it as dropped. */
  offerAll(delivery: Delivery): void {
    const hasRoom = roomFor(delivery);
    for (const group of this.items) nextInTurn(group, isIdle, hasRoom)?.offer(delivery);
  }

  /** One member of one group gets it; answers whether anybody had room. */
  offerOne(delivery: Delivery): boolean {
    const hasRoom = roomFor(delivery);
    const group = nextInTurn(
      this,
      ({ items }) => items.some(isIdle),
      ({ items }) => items.some(hasRoom),
    );
    return (group && nextInTurn(group, isIdle, hasRoom))?.offer(delivery) ?? false;
  }
}

const isIdle = (queue: DeliveryQueue): boolean => queue.idle;

const roomFor =
  ({ wire }: Delivery) =>
  (queue: DeliveryQueue): boolean =>
    queue.hasRoom(wire);

/** The next in turn that is `best`, else one that is `good`, else whose turn it is. */
function nextInTurn<T>(
  ring: Ring<T>,
  best: (item: T) => boolean,
  good: (item: T) => boolean,
): T | undefined {
  const { items, turn } = ring;
  const stepsTo = (fit: (item: T) => boolean): number =>
    items.findIndex((_, step) => fit(items[(turn + step) % items.length] as T));
  const steps = [best, good].map(stepsTo).find((found) => found >= 0) ?? 0;
  const at = (turn + steps) % items.length;
  ring.turn = at + 1;
  return items[at];
}
