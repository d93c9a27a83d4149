/**
 * Events named by where they stand on a chain. What is pruned has no body to be recognised by, and
 * local positions mean nothing elsewhere; chain, commit and place in the commit are signed.
 */
import type { eventRange } from '#protocol/events/space.ts';
import type { Of } from '#protocol/shape.ts';

/** Events of one chain, as `record.pruned` names them. */
export type EventRange = Of<typeof eventRange>;

/** The place of an event: the commit's chain and number, and which of its `size` events (from 0). */
export interface EventPlace {
  readonly chain: string;
  readonly seq: number;
  readonly index: number;
  readonly size: number;
}

interface Run {
  readonly chain: string;
  readonly seq: number;
  readonly size: number;
  readonly first: number;
  last: number;
}

/** Makes few ranges of many places, which come in the order of their chains. */
export class RangeBuilder {
  #ranges: EventRange[] = [];
  #run: Run | undefined;

  add({ chain, seq, index, size }: EventPlace): void {
    const run = this.#run;
    if (run?.chain === chain && run.seq === seq && run.last + 1 === index) {
      run.last = index;
      return;
    }
    this.#close();
    this.#run = { chain, seq, size, first: index, last: index };
  }

  /** What was gathered so far; equal places give equal ranges. */
  take(): readonly EventRange[] {
    this.#close();
    const ranges = this.#ranges;
    this.#ranges = [];
    return ranges;
  }

  #close(): void {
    const run = this.#run;
    if (run === undefined) return;
    this.#run = undefined;
    const { chain, seq, size, first, last } = run;
    const range = { chain, from: seq, to: seq };
    if (first > 0 || last < size - 1) {
      this.#ranges.push({ ...range, first, last });
      return;
    }
    const before = this.#ranges.at(-1);
    const follows = before?.chain === chain && before.first === undefined && before.to === seq - 1;
    if (follows) this.#ranges[this.#ranges.length - 1] = { ...before, to: seq };
    else this.#ranges.push(range);
  }
}

type Span = readonly [first: number, last: number];

/** Answers whether ranges hold a place. */
export class RangeSet {
  readonly #whole = new Map<string, Span[]>();
  readonly #parts = new Map<string, Span[]>();

  add(ranges: readonly EventRange[]): void {
    for (const { chain, from, to, first, last } of ranges) {
      if (first === undefined || last === undefined) push(this.#whole, chain, [from, to]);
      else push(this.#parts, `${chain}:${from}`, [first, last]);
    }
  }

  has({ chain, seq, index }: Omit<EventPlace, 'size'>): boolean {
    const holds =
      (place: number) =>
      ([first, last]: Span): boolean =>
        first <= place && place <= last;
    if (this.#parts.get(`${chain}:${seq}`)?.some(holds(index)) === true) return true;
    return this.#whole.get(chain)?.some(holds(seq)) === true;
  }
}

function push(map: Map<string, Span[]>, key: string, span: Span): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [span]);
  else known.push(span);
}
