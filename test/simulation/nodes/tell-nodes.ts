/** Tells a story of many nodes and throws where something does not hold; with as few faults as do it. */
import { NodesOracle } from './nodes-oracle.ts';
import { SimMesh } from './sim-mesh.ts';
import type { SimPeer } from './sim-peer.ts';
import { nodesStoryOf, type Fault, type FaultKind, type NodesStory } from './sim-story.ts';

/** What a story came to. */
export interface ToldNodes {
  /** The hash of the state that all had in the end. */
  readonly state: string;
  readonly events: number;
  readonly types: ReadonlySet<string>;
  /** How long it took to come to rest, in milliseconds. */
  readonly restMs: number;
}

/** How often everybody who is up is looked at, in milliseconds. */
const LOOK_MS = 5_000;

/** The longest time after which all must be done, once nothing goes wrong any more. */
const REST_MS = 600_000;

/** Tells a story. Throws what is wrong, with how to repeat it. */
export async function tellNodes(seed: number, kinds?: readonly FaultKind[]): Promise<ToldNodes> {
  const story = nodesStoryOf(seed, kinds);
  try {
    return await tellOnce(story);
  } catch (thrown) {
    const faults = await shrink(story);
    const told = faults.map((each) => JSON.stringify(each)).join('\n  ');
    const how = `SKEIN_SEED=${seed}${kinds === undefined ? '' : ` (${kinds.join()})`}`;
    throw new Error(
      `${how}: ${(thrown as Error).message}\nwith ${faults.length} faults:\n  ${told}`,
      {
        cause: thrown,
      },
    );
  }
}

/** The same with these faults. */
export async function tellOnce(story: NodesStory): Promise<ToldNodes> {
  const oracle = new NodesOracle();
  const mesh = new SimMesh(story, oracle);
  try {
    mesh.begin();
    for (let atMs = 0; atMs < story.endMs; atMs += LOOK_MS) {
      await mesh.time.pass(LOOK_MS);
      oracle.look(mesh.peers);
    }
    mesh.heal();
    const restMs = await rest(mesh, oracle);
    oracle.check(mesh.peers);
    const surprises = mesh.agents.flatMap((each) => each.surprises);
    if (surprises.length > 0) throw new Error(surprises.join('\n'));
    const { node } = (mesh.peers[0] as SimPeer).up.record;
    const types = node.database.prepare('SELECT DISTINCT type FROM events').all();
    return {
      state: node.stateHash(),
      events: node.core.position,
      types: new Set(types.map((row) => String(row['type']))),
      restMs,
    };
  } finally {
    mesh.close();
  }
}

/** Until everybody has everything and nothing waits any more. */
async function rest(mesh: SimMesh, oracle: NodesOracle): Promise<number> {
  for (let passedMs = 0; passedMs < REST_MS; passedMs += LOOK_MS) {
    mesh.admitAll();
    await mesh.time.pass(LOOK_MS);
    oracle.look(mesh.peers);
    if (oracle.unfinished(mesh.peers) === undefined) return passedMs;
  }
  throw new Error(`nothing moves any more: ${oracle.unfinished(mesh.peers)}`);
}

/** How many times a story is told again to find out which faults it takes. */
const MOST_TELLINGS = 24;

/** Leaves out one fault after the other as long as something still goes wrong. */
async function shrink(story: NodesStory): Promise<readonly Fault[]> {
  let { faults } = story;
  let tellings = 0;
  for (const fault of story.faults) {
    if ((tellings += 1) > MOST_TELLINGS) break;
    const fewer = faults.filter((each) => each !== fault);
    const holds = await tellOnce({ ...story, faults: fewer }).then(
      () => true,
      () => false,
    );
    if (!holds) faults = fewer;
  }
  return faults;
}
