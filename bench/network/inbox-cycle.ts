/** A message at one node from sending to done: sent and received, handed out, acknowledged; alone and in a full inbox. */
import { join } from 'node:path';
import { agentId } from '#protocol/address.ts';
import { duration, type Finding } from '../report.ts';
import { quantile } from '../rounds.ts';
import { assertSound, BENCH_SPEAKER, temporaryFolder } from '../support/bench-space.ts';
import { fdatasyncMs } from './bare-log.ts';
import { openBenchNode, type BenchNode } from './bench-node.ts';
import { nowMs } from './near-clock.ts';

const WAITING = 1_000;

/** Three commits each: the cycle with nothing else in the inbox, and with 1,000 messages that wait. */
export async function handleMessages(count: number): Promise<Finding[]> {
  const folder = temporaryFolder();
  const node = await openBenchNode({ folder: folder.path });
  try {
    const card = { role: 'coder', skills: [], topics: [], limit: 10_000 };
    for (const name of ['free', 'full']) await node.run('agent.register', { name, ...card });
    const to = `agent:${agentId('full', node.signer.key)}`;
    const fill = Array.from({ length: WAITING }, () =>
      node.run('message.send', { to, text: 'one of many' }),
    );
    await Promise.all(fill);
    await cycles(node, 'free', count >> 1);
    const syncMs = 3 * fdatasyncMs(join(folder.path, 'sync'), count * 2);
    const times = {
      free: await cycles(node, 'free', count),
      full: await cycles(node, 'full', count),
    };
    return Object.entries(times).map(([name, each]) => ({
      work: `send, hand out, acknowledge, ${name === 'free' ? 'nothing' : WAITING} waiting, p50`,
      figure: duration(quantile(each, 0.5)),
      peer: `3 fdatasyncs: ${duration(syncMs)}`,
      ratio: quantile(each, 0.5) / syncMs,
    }));
  } finally {
    await node.close();
    folder.dispose();
  }
}

async function cycles(node: BenchNode, name: string, count: number): Promise<readonly number[]> {
  const { run, mailroom, signer } = node;
  const inbox = agentId(name, signer.key);
  const times: number[] = [];
  for (let cycle = 0; cycle < count; cycle += 1) {
    const startedMs = nowMs();
    await run('message.send', { to: `agent:${inbox}`, text: 'please look at src/price.ts' });
    const [letter] = await mailroom.take(inbox, { speaker: BENCH_SPEAKER, most: 1 });
    assertSound(letter !== undefined, 'nothing was handed out');
    await run('message.ack', { inbox, message: letter.id, processingMs: 1 });
    times.push(nowMs() - startedMs);
  }
  return times;
}
