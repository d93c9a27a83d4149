/** In the other process: answers what the bench asks, and tells what has arrived. */

/** What the bench asks. */
export interface Question {
  readonly call: number;
  readonly name: string;
  readonly values: readonly unknown[];
}

/** What it is answered. */
export interface Answer {
  readonly call: number;
  readonly value?: unknown;
  readonly problem?: string;
}

/** Serves by name until the bench lets go; then the process ends. */
export function serveBench(
  methods: Readonly<Record<string, (...values: never[]) => unknown>>,
): void {
  const answer = async ({ call, name, values }: Question): Promise<void> => {
    try {
      const value = await methods[name]?.(...(values as never[]));
      process.send?.({ call, value } satisfies Answer);
    } catch (thrown) {
      const { stack = String(thrown) } = thrown as Error;
      process.send?.({ call, problem: stack } satisfies Answer);
    }
  };
  process.on('message', (question: Question) => void answer(question));
  process.on('disconnect', () => process.exit(0));
}

/** Gathers when things arrived; `taken` answers the times since it was asked last. */
export interface Arrivals {
  readonly add: (atMs: number, count?: number) => void;
  /** Resolves when so many have arrived, and forgets them. */
  readonly take: (count: number) => Promise<readonly number[]>;
}

/** Arrivals that the bench hears of at once. */
export function countArrivals(): Arrivals {
  let times: number[] = [];
  let untold = 0;
  let wanted = Infinity;
  let go = (): void => undefined;
  const tell = (): void => {
    // Who asked may have let go already.
    if (process.connected) process.send?.({ arrived: untold });
    untold = 0;
  };
  return {
    add: (atMs, count = 1) => {
      for (let one = 0; one < count; one += 1) times.push(atMs);
      // All that comes in one turn is told once: what is told must not cost more than what is measured.
      if (untold === 0) setImmediate(tell);
      untold += count;
      if (times.length >= wanted) go();
    },
    take: async (count) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      [wanted, go] = [count, resolve];
      if (times.length < count) await promise;
      const taken = times;
      [times, wanted] = [[], Infinity];
      return taken;
    },
  };
}
