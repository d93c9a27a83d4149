/** A race for tasks: every racer claims what it believes to be free, one claim at a time. */
import { assertSound } from './bench-space.ts';
import { quantile } from '../rounds.ts';

/** How many tasks near the front a racer chooses from: racers do meet, as agents do. */
const WINDOW = 256;

/** What became of a race; `unfairness` is the most wins of one racer by the fewest. */
export interface Race {
  readonly wins: number;
  readonly refusals: number;
  readonly duplicates: number;
  readonly durationMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly unfairness: number;
}

/** Answers whether the claim was won. */
export type Claim = (task: string, agent: string) => Promise<boolean>;

/** Runs until every task has been answered for. */
export async function race(tasks: readonly string[], racers: number, claim: Claim): Promise<Race> {
  const open = [...tasks];
  const wins = new Map<string, number>();
  const byRacer = Array.from({ length: racers }, () => 0);
  const latencies: number[] = [];
  let refusals = 0;
  const run = async (racer: number): Promise<void> => {
    while (open.length > 0) {
      const at = Math.floor(Math.random() * Math.min(WINDOW, open.length));
      const task = open[at] as string;
      const startedMs = performance.now();
      const won = await claim(task, `agent:${racer}`);
      latencies.push(performance.now() - startedMs);
      if (won) {
        wins.set(task, (wins.get(task) ?? 0) + 1);
        byRacer[racer] = (byRacer[racer] ?? 0) + 1;
      } else refusals += 1;
      const found = open.indexOf(task);
      if (found !== -1) open.splice(found, 1);
    }
  };
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: racers }, (_, racer) => run(racer)));
  const durationMs = performance.now() - startedMs;
  assertSound(wins.size === tasks.length, `${tasks.length - wins.size} tasks had no winner`);
  return {
    wins: wins.size,
    refusals,
    duplicates: [...wins.values()].filter((count) => count > 1).length,
    durationMs,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    unfairness: Math.max(...byRacer) / Math.max(1, Math.min(...byRacer)),
  };
}
