/** The process that receives signals, by all carriers. */
import { CARRIERS, type CarrierName, type Where } from '../carriers.ts';
import { countArrivals, serveBench } from './far-serve.ts';
import { nowMs } from '../near-clock.ts';

const arrivals = countArrivals();

serveBench({
  serve: (name: CarrierName, where: Where) =>
    CARRIERS[name].serve(where, () => arrivals.add(nowMs())),
  cpuUsage: () => process.cpuUsage(),
  take: (count: number) => arrivals.take(count),
});
