/**
 * What a node has told of its agents, kept alike at both ends: only changes travel, and a count with
 * a sum over all says whether anything was missed. Idle agents that never changed are told once.
 */
import type { AgentLine, AgentNow, AgentState, BeatAgents } from './heartbeat.ts';

/** How many agents of one node are told at most; of the others only the card is known. */
export const MAX_TOLD = 20_000;

/** How many bytes of lines one part holds; quotes in them count twice, as they travel. */
const MAX_PART_BYTES = 40 * 1024;

/** A part of a list of agents; the digest is that of the whole list. */
export type Part = BeatAgents;

/** What was told of the agents of one node. */
export class ToldAgents {
  readonly #agents = new Map<string, AgentNow>();
  #sum = 0;

  /** How many agents were told, and a sum over what was said of them. */
  get digest(): { readonly count: number; readonly sum: number } {
    return { count: this.#agents.size, sum: this.#sum };
  }

  /** What was told of one agent. */
  get(name: string): AgentNow | undefined {
    return this.#agents.get(name);
  }

  /** The names of all. */
  names(): IterableIterator<string> {
    return this.#agents.keys();
  }

  /** All of them as lines. */
  lines(): AgentLine[] {
    return Array.from(this.#agents.values(), toLine);
  }

  /** Takes in one line; answers whether it was news. */
  take([name, state, waiting, inFlight]: AgentLine): boolean {
    if (state === 'gone') return this.#remove(name);
    const before = this.#agents.get(name);
    if (before === undefined && this.#agents.size >= MAX_TOLD) return false;
    if (before !== undefined && isSame(before, state, waiting, inFlight)) return false;
    const agent = { name, state, waiting, inFlight };
    this.#sum = (this.#sum - (before === undefined ? 0 : hashOf(before)) + hashOf(agent)) >>> 0;
    this.#agents.set(name, agent);
    return true;
  }

  /** Forgets everything. */
  clear(): void {
    this.#agents.clear();
    this.#sum = 0;
  }

  #remove(name: string): boolean {
    const before = this.#agents.get(name);
    if (before === undefined) return false;
    this.#sum = (this.#sum - hashOf(before)) >>> 0;
    return this.#agents.delete(name);
  }
}

/** What changed against `told`, taken in there: those that are new or other, and those that are gone. */
export function tellChanges(told: ToldAgents, agents: Iterable<AgentNow>): AgentLine[] {
  const lines: AgentLine[] = [];
  const here = new Set<string>();
  for (const agent of agents) {
    if (here.size >= MAX_TOLD) break;
    here.add(agent.name);
    const line = toLine(agent);
    if (told.take(line)) lines.push(line);
  }
  const gone = [...told.names()].filter((name) => !here.has(name));
  for (const name of gone) told.take([name, 'gone', 0, 0]);
  // They go first, so that there is room for the others on the other side.
  return [...gone.map((name): AgentLine => [name, 'gone', 0, 0]), ...lines];
}

/** Lines as parts that each fit into a heartbeat; at least one, which may be empty. */
export function toParts(told: ToldAgents, lines: readonly AgentLine[], anew: boolean): Part[] {
  const groups: AgentLine[][] = [[]];
  let bytes = 0;
  for (const line of lines) {
    const size = JSON.stringify(JSON.stringify(line)).length;
    if (bytes + size > MAX_PART_BYTES) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(line);
    bytes += size;
  }
  const { digest } = told;
  return groups.map((group, index) => ({
    anew: anew && index === 0,
    lines: group,
    last: index === groups.length - 1,
    ...digest,
  }));
}

const toLine = ({ name, state, waiting, inFlight }: AgentNow): AgentLine => [
  name,
  state,
  waiting,
  inFlight,
];

const isSame = (agent: AgentNow, state: AgentState, waiting: number, inFlight: number): boolean =>
  agent.state === state && agent.waiting === waiting && agent.inFlight === inFlight;

/** FNV-1a, 32 bits: who signs the list is who could fool it, so it only has to tell losses. */
function hashOf({ name, state, waiting, inFlight }: AgentNow): number {
  let hash = 0x811c9dc5;
  const line = `${name}|${state}|${waiting}|${inFlight}`;
  for (let index = 0; index < line.length; index += 1) {
    hash = Math.imul(hash ^ line.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
