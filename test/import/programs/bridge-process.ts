/**
 * A bridge over a real space, in a process that can be killed: `<root> <folder> <epoch> [<point> [hasty]]`.
 * It does one round and says so; at the point it stops still, and says that. A hasty one says that
 * messages are durable before they are: they are recorded at its end.
 */
import type { BridgeDoor, BridgePoint } from '#daemon/import/bridge/bridge.ts';
import { openBridge } from '#daemon/import/bridge/open-bridge.ts';
import { openRealSpace } from '../real-space.ts';

const [root = '', folder = '', epoch = '1', stopAt, hasty] = process.argv.slice(2);
const space = await openRealSpace(root, Number(epoch));

const late: (() => Promise<void>)[] = [];
const door: BridgeDoor =
  hasty === undefined
    ? space.door
    : { ...space.door, take: async (messages) => void late.push(() => space.door.take(messages)) };

const bridge = openBridge({
  folder,
  origin: space.ledger.space,
  peers: ['mac-agent'],
  choices: [],
  utcOffsetMinutes: 0,
  door,
  report: (what) => void process.stdout.write(`told: ${what}\n`),
  pause: async (point: BridgePoint) => {
    if (point !== stopAt) return;
    process.stdout.write(`paused at ${point}\n`);
    await new Promise(() => setInterval(() => undefined, 60_000));
  },
});
await space.command('agent.register', { name: 'mac-agent', role: 'peer', skills: [], topics: [] });
const { taken, given } = await bridge.round();
process.stdout.write(`done: ${taken} taken, ${given} given\n`);
for (const record of late) await record();
await space.close();
