/**
 * A process that writes notes to a space until it is stopped, over the same writer's thread as the
 * node. It tells on stdout what came of each command: `ok <event id>`, `refused <error> <id>`.
 * Its orders are JSON: see `ChildOrders` in writer-process.ts.
 */
import { randomFillSync } from 'node:crypto';
import { openWorkerLedger } from '#ledger/worker-ledger.ts';
import { makeUuidv7 } from '#lib/uuidv7.ts';
import type { ChildOrders } from '../writer-process.ts';

const orders = JSON.parse(process.argv[2] ?? '') as ChildOrders;
const { folder, space, nodeKey, epoch, atOnce, commands, acknowledgeEarly } = orders;
const newId = makeUuidv7({ now: Date.now, random: (bytes) => randomFillSync(bytes) });
const entry = orders.unsafe ? './unsafe-writer.ts' : '../../../src/daemon/writer.ts';
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const ledger = await openWorkerLedger({
  space,
  folder,
  writerEntry: new URL(entry, import.meta.url),
  verifierEntry: new URL('../../../src/daemon/verifier.ts', import.meta.url),
  workerData: { folder, space, nodeKey, epoch },
  redact: (text) => ({ text, count: 0 }),
});
say('ready');

let begun = 0;

async function writeOne(): Promise<void> {
  begun += 1;
  const id = newId();
  if (acknowledgeEarly) say(`ok ${id}`);
  try {
    // A blob first, as an edit does: the event that names it may never be there without it.
    const blob = await ledger.blobs.put(Buffer.from(`content of ${id}`.repeat(20)));
    const data = { guardrail: 'syntax', detail: blob.hash };
    const input = { type: 'guardrail.passed', subject: 'task/t', data };
    await ledger.execute({ id, name: 'note.record', input }, { actor: 'a', authority: 'system' });
    if (!acknowledgeEarly) say(`ok ${id}`);
  } catch (error) {
    say(`refused ${(error as Error).name} ${id}`);
  }
}

async function writeOn(): Promise<void> {
  while (begun < commands) await writeOne();
}

await Promise.all(Array.from({ length: atOnce }, writeOn));
await ledger.close();
say('closed');
