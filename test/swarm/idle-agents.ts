/**
 * A program that says what idle agents cost: a mission with eight agents at work, a thousand more
 * that listen to all of it, and the heap before and after. Run with --expose-gc.
 */
import { writeSync } from 'node:fs';
import { SwarmAgent, type SwarmAgentOptions } from '#agents/swarm-agent.ts';
import { Gate, coderThat } from './gate.ts';
import { openSwarmWorld } from './swarm-world.ts';
import { onePathParts } from './test-recipe.ts';

const IDLE = 1_000;
const AT_WORK = 8;

/** What the program prints; sizes in bytes. */
export interface IdleCost {
  readonly idle: number;
  readonly atWork: number;
  readonly idleBytes: number;
  /** What is left when the agents at work are done, and all were told of what they did. */
  readonly afterBytes: number;
  readonly heard: number;
  readonly status: string;
}

/** Bytes that are in use after everything that can go is gone. */
function usedBytes(): number {
  let least = Infinity;
  for (let round = 0; round < 5; round += 1) {
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    least = Math.min(least, heapUsed + external);
  }
  return least;
}

async function measure(): Promise<IdleCost> {
  const gate = new Gate();
  const paths = Array.from({ length: AT_WORK }, (_, index) => `f${index}.txt`);
  const contents = (text: string): Record<string, string> =>
    Object.fromEntries(paths.map((path) => [path, text]));
  const hired: SwarmAgentOptions[] = [];
  const world = await openSwarmWorld({
    files: contents('old\n'),
    goals: {
      go: {
        plan: () => ({
          edits: contents('new\n'),
          parts: onePathParts(...paths),
          // Each agent tells all others what it is about to do.
          names: { from: 'old', to: 'new' },
        }),
      },
    },
    crew: {
      coder: coderThat(async ({ agent, task, work }) => {
        await gate.pass(work);
        await agent.announce(task, 'I take it', [`${task}.txt`]);
      }),
      makeAgent: (options) => {
        hired.push(options);
        return new SwarmAgent(options);
      },
    },
    jobs: AT_WORK,
  });
  const mission = await world.begin('go');
  await gate.until(AT_WORK);
  const [first] = hired;
  if (first === undefined) throw new Error('nobody was hired');
  const before = usedBytes();
  const idle = Array.from({ length: IDLE }, (_, index) => {
    const name = `agent:idle-${index + 1}`;
    const agent = new SwarmAgent({ ...first, name, work: first.work.as(name) });
    agent.join();
    return agent;
  });
  const idleBytes = usedBytes() - before;
  gate.open();
  const { state } = await world.finish(mission);
  const afterBytes = usedBytes() - before;
  const heard = Math.min(...idle.map(({ situation }) => situation.taken.size));
  for (const agent of idle) agent.leave();
  await world.space.close();
  return { idle: IDLE, atWork: AT_WORK, idleBytes, afterBytes, heard, status: state.status };
}

writeSync(1, `${JSON.stringify(await measure())}\n`);
