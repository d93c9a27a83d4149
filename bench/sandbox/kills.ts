/** How soon an endless program in a language is dead after its kill. */
import { join } from 'node:path';
import { openQuickjs } from '#sandbox/quickjs/open-quickjs.ts';
import { atMost, duration, scaled, type BenchOptions, type Finding } from '../report.ts';
import { median } from '../rounds.ts';
import { notMeasured, type Setting } from './setting.ts';
import { code, timeKill, withDeno, type Runner } from './timed-run.ts';

const KILLS = 9;
const GOAL_MS = 200;
const ENDLESS = code('javascript', "console.log('started'); for (;;);");

/** The part. */
export async function measureKills(
  { folder, jail }: Setting,
  options: BenchOptions,
): Promise<Finding[]> {
  const kills = scaled(options, KILLS, 3);
  const cacheFolder = join(folder, 'deno');
  const row = (tier: string): string => `${tier}: from kill to dead, an endless loop, p50`;
  const quickjs = await openQuickjs({ cacheFolder: join(folder, 'quickjs'), pool: 0 });
  const t0 = await measure(row('T0'), quickjs, kills).finally(quickjs.close);
  const t1 = await withDeno({ cacheFolder, pool: 0 }, (tier) => measure(row('T1'), tier, kills));
  const double =
    'problem' in jail
      ? jail
      : await withDeno({ cacheFolder, jail, pool: 0 }, (tier) => measure(row('T1+'), tier, kills));
  return [
    t0,
    'problem' in t1 ? notMeasured(row('T1'), t1) : t1,
    'problem' in double ? notMeasured(row('T1+'), double) : double,
  ];
}

async function measure(work: string, tier: Runner, kills: number): Promise<Finding> {
  const taken: number[] = [];
  while (taken.length < kills) taken.push(await timeKill(tier, ENDLESS));
  const tookMs = median(taken);
  return { work, figure: duration(tookMs), goal: atMost(tookMs, GOAL_MS, `${GOAL_MS} ms`) };
}
