/** The process that receives messages: a node of the space, and the bare peer with its plain log. */
import { join } from 'node:path';
import { agentId } from '#protocol/address.ts';
import { assertSound } from '../../support/bench-space.ts';
import { openBareLog, type BareLog } from '../bare-log.ts';
import { openBenchNode, until, type BenchNode, type BenchNodeOptions } from '../bench-node.ts';
import { CARRIERS, type CarrierName, type Where } from '../carriers.ts';
import { countArrivals, serveBench } from './far-serve.ts';
import { nowMs } from '../near-clock.ts';

const arrivals = countArrivals();
let node: BenchNode | undefined;

/** Opens a node that joins the space, and links it; answers its key. */
async function open(options: BenchNodeOptions): Promise<string> {
  node = await openBenchNode({
    ...options,
    taken: ({ outcomes }) => {
      const received = outcomes.filter((outcome) => 'receipt' in outcome).length;
      assertSound(received === outcomes.length, 'a message was refused');
      if (received > 0) arrivals.add(nowMs(), received);
    },
  });
  return node.signer.key;
}

/** Registers agents, with inboxes that have room for all that is sent; answers their ids. */
async function register(names: readonly string[], limit: number): Promise<readonly string[]> {
  const { signer, run, ledger } = node as BenchNode;
  await until(() => ledger.exchange.heads().length > 0);
  const more = { role: 'coder', skills: [], topics: ['news'], limit };
  await Promise.all(names.map((name) => run('agent.register', { name, ...more })));
  return names.map((name) => agentId(name, signer.key));
}

/** Where what bare clients send is kept, if it is. */
let log: BareLog | undefined;

/** Listens as a bare client. */
const serveBare = (name: CarrierName, where: Where): Promise<Where | undefined> =>
  CARRIERS[name].serve(where, (text) => {
    if (log === undefined) return arrivals.add(nowMs());
    void log.append(text).then(() => arrivals.add(nowMs()));
  });

/** From now on what bare clients send is appended to a log in this folder and synced; not without one. */
function keep(folder: string | null): void {
  log?.close();
  log = folder === null ? undefined : openBareLog(join(folder, 'bare-far.jsonl'));
}

serveBench({
  open,
  register,
  serveBare,
  keep,
  reach: (address: string) => node?.reach(address),
  cpuUsage: () => process.cpuUsage(),
  take: (count: number) => arrivals.take(count),
  close: () => node?.close(),
});
