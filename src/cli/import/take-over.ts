/** Says what was read of an old bus to the node: first its agents, then its messages in batches. */
import { importBatches } from '#daemon/import/import-input.ts';
import type { ImportedAgent, ImportedMessage } from '#daemon/import/old-bus.ts';
import type { ErrorBody } from '#protocol/errors.ts';
import { newCommandId } from '../new-id.ts';
import type { NodeClient } from '../node-client.ts';

/** What came of it. `refused` are ids of messages and names of agents that were not taken. */
export interface TakenOver {
  readonly agents: number;
  readonly added: number;
  readonly repeated: number;
  readonly refused: readonly Refused[];
  readonly refusals: number;
}

/** Something that the node did not take. */
export interface Refused {
  readonly what: string;
  readonly detail: string;
}

interface BatchReport {
  readonly added: number;
  readonly repeated: number;
  readonly refused: readonly { readonly id: string; readonly error: ErrorBody }[];
}

/** Whom the node knows already: their cards are not touched. */
interface AgentList {
  readonly agents: readonly { readonly name: string; readonly isHere: boolean }[];
}

const MOST_LISTED = 20;
const MOST_ROLE = 200;
const MOST_SKILLS = 64;

/** What was sent to everybody goes to the topic `all`, which agents of an old bus listen to. */
const TOPICS = ['all'];

/** Where to take it. */
export interface Destination {
  readonly client: NodeClient;
  readonly space: string | undefined;
  /** Told after each batch how many messages are through. */
  readonly progress: (through: number) => void;
}

/** Takes agents and messages over. To do it again changes nothing, wherever it was interrupted. */
export async function takeOver(
  bus: { readonly agents: readonly ImportedAgent[]; readonly messages: Iterable<ImportedMessage> },
  { client, space, progress }: Destination,
): Promise<TakenOver> {
  const refused: Refused[] = [];
  let refusals = 0;
  const refuse = (what: string, detail: string): void => {
    refusals += 1;
    if (refused.length < MOST_LISTED) refused.push({ what, detail });
  };
  const place = space === undefined ? {} : { space };
  const post = <T>(name: string, input: object): Promise<T> =>
    client.post<T>({ id: newCommandId(), name, input, ...place });
  const agents = await addAgents(bus.agents, post, refuse);
  let [added, repeated] = [0, 0];
  for (const messages of importBatches(bus.messages)) {
    const report = await post<BatchReport>('message.import', { messages });
    added += report.added;
    repeated += report.repeated;
    for (const { id, error } of report.refused) refuse(`message ${id}`, error.detail);
    progress(added + repeated + refusals);
  }
  return { agents, added, repeated, refused, refusals };
}

type Post = <T>(name: string, input: object) => Promise<T>;

async function addAgents(
  agents: readonly ImportedAgent[],
  post: Post,
  refuse: (what: string, detail: string) => void,
): Promise<number> {
  const known = await post<AgentList>('agents.list', {});
  const names = new Set(known.agents.filter(({ isHere }) => isHere).map(({ name }) => name));
  let added = 0;
  for (const { name, role, skills } of agents) {
    if (names.has(name)) continue;
    const card = { name, role: (role ?? 'agent').slice(0, MOST_ROLE), topics: TOPICS };
    try {
      await post('agent.add', { ...card, skills: skills.slice(0, MOST_SKILLS) });
      added += 1;
    } catch (thrown) {
      refuse(`agent ${name}`, (thrown as Error).message);
    }
  }
  return added;
}
