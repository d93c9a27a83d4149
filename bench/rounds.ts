/** Fair comparison: contenders take turns, in rounds with a rotating order, and medians count. */

/** Does one slice of its work; answers its figure, such as operations a second. */
export type Contender = () => number | Promise<number>;

/** The median; of an even number the upper one. */
export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** The value below which the share `q` of all values lies. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

/** Runs all contenders `rounds` times after one round that does not count; answers medians. */
export async function takeTurns<N extends string>(
  rounds: number,
  contenders: Readonly<Record<N, Contender>>,
): Promise<Record<N, number>> {
  const names = Object.keys(contenders) as N[];
  const figures = Object.fromEntries(names.map((name) => [name, [] as number[]]));
  for (let round = 0; round <= rounds; round += 1) {
    for (let turn = 0; turn < names.length; turn += 1) {
      const name = names[(turn + round) % names.length] as N;
      const figure = await contenders[name]();
      if (round > 0) figures[name]?.push(figure);
    }
  }
  const medians = names.map((name) => [name, median(figures[name] ?? [])] as const);
  return Object.fromEntries(medians) as Record<N, number>;
}

/** How many a second, when `count` of them took as long as `work` takes. */
export function perSecond(count: number, work: () => void): number {
  const startedMs = performance.now();
  work();
  return (count * 1_000) / (performance.now() - startedMs);
}
