/**
 * What a coder does about places that its change should reach and its plan does not: it looks
 * after its edits, tells its peers, asks for the path, and proposes the plain edit. Nothing is
 * written: what is found goes back to the supervisor, who changes the plan or gives up.
 */
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import { expecting } from '#tasks/expect.ts';
import type { LeaseState, TaskState } from '#tasks/task-reducer.ts';
import type { ProposedEdit, Verdict } from '#workspace/apply-edit.ts';
import type { Assignment } from './assignment.ts';
import type { PeerMessage } from './situation.ts';
import type { PeerAnswer } from './swarm-agent.ts';

/** A place outside the plan where the old name still stands and nothing explains it. */
export interface FoundPlace {
  readonly path: string;
  readonly line: number;
  readonly preview: string;
}

/** A path that the plan must reach, and why the plain way does not do. */
export interface Discovery {
  readonly path: string;
  readonly places: readonly FoundPlace[];
  /** What the reflex said to the plain edit; null when there is none, or it was let through. */
  readonly refusal: { readonly reason: string; readonly places: readonly string[] } | null;
}

/** How discoveries are looked for and tried; `plain` is the edit as the plan would make it. */
export interface DiscoveryTools {
  readonly look: () => Promise<readonly FoundPlace[]>;
  readonly plain: (path: string) => ProposedEdit | undefined;
  /** Whether the first of two tasks comes first in the order of plans. */
  readonly comesBefore: (task: string, other: string) => boolean;
  /** What the task may write by its plan. */
  readonly writeSet: readonly string[];
  /** Stops the work, keeps the patch and gives all paths back. */
  readonly release: (reason: string) => Promise<void>;
}

/** Asks the reflex about an edit that `peers` agreed on; nothing is written. */
export type ProposeEdit = (
  assignment: Assignment,
  edit: ProposedEdit,
  peers: readonly string[],
) => Promise<Verdict>;

/** What was found outside the plan, and the event that says whether that was expected. */
export interface LookedAround {
  readonly found: readonly Discovery[];
  readonly event: string;
}

/**
 * Looks, and settles each path with the peers. Throws `path-held` when a path is in other hands
 * that don't take the change over, and this task comes later: it must release all it has.
 */
export async function lookAround(
  assignment: Assignment,
  tools: DiscoveryTools,
  propose: ProposeEdit,
): Promise<LookedAround> {
  const { agent, task, work } = assignment;
  const { comesBefore, release } = tools;
  agent.answerPeersBy((message) => {
    const asked = askedPaths(assignment, tools.writeSet);
    const { mission } = work;
    return answersPeers({ mission, task, asked, comesBefore, release })(message);
  });
  const expects = 'the change reaches every use';
  const action = { task, subject: `task/${task}`, action: 'look around', expects };
  const { value: found, event } = await expecting(work, action, async () => {
    const value = await settleDiscoveries(assignment, tools, propose);
    return { met: value.length === 0, found: foundText(value), value };
  });
  return { found, event };
}

/** What its lease holds besides the write set of its plan. */
function askedPaths({ work, lease }: Assignment, writeSet: readonly string[]): ReadonlySet<string> {
  const held = work.ledger.read.entity('lease', lease.lease)?.body as LeaseState | undefined;
  if (held?.status !== 'held') return new Set();
  return new Set(held.paths.filter((path) => !writeSet.includes(path)));
}

const foundText = (found: readonly Discovery[]): string =>
  found.length === 0
    ? 'no use outside the plan'
    : found
        .map(({ path, refusal }) =>
          refusal === null
            ? `also used in ${path}`
            : `also used in ${path}, where the plain change is refused`,
        )
        .join('; ');

/** What an answer to peers is made from: what the task holds besides its plan, and its way out. */
interface Standing {
  readonly mission: string;
  readonly task: string;
  /** Paths that it asked for on the way. */
  readonly asked: ReadonlySet<string>;
  readonly comesBefore: DiscoveryTools['comesBefore'];
  /** Stops the work, keeps the patch and gives all paths back. */
  readonly release: (reason: string) => Promise<void>;
}

/**
 * How a coder answers while it is at work: it takes over what lies in a path that it asked for
 * itself, for its own mission alone: another one would be left without its change. Asked to yield
 * by a task that comes before its own, it does.
 */
const answersPeers =
  ({ mission, task, asked, comesBefore, release }: Standing) =>
  async ({ kind, about, from, task: other }: PeerMessage): Promise<PeerAnswer> => {
    const paths = about.join(', ');
    if (other.startsWith(`${mission}.`) && about.every((path) => asked.has(path))) {
      return { takes: true, text: `yield, I hold ${paths}: I take it over` };
    }
    if (kind !== 'yield' || !comesBefore(other, task)) {
      return { takes: false, text: `I hold ${paths} for other work` };
    }
    await release(`${from} comes first and asked for ${paths}`);
    return { takes: false, text: `${paths} is yours, I come later` };
  };

async function settleDiscoveries(
  assignment: Assignment,
  tools: DiscoveryTools,
  propose: ProposeEdit,
): Promise<readonly Discovery[]> {
  const byPath = Map.groupBy(await tools.look(), ({ path }) => path);
  const mine: Discovery[] = [];
  for (const [path, places] of byPath) {
    assignment.alive();
    const isMine = await settlePath(assignment, tools, { path, places });
    if (isMine) mine.push(await tryPlain(assignment, { tools, propose }, { path, places }));
  }
  return mine;
}

type Found = Pick<Discovery, 'path' | 'places'>;

/** Whether this task is the one that takes the path. */
async function settlePath(
  assignment: Assignment,
  tools: DiscoveryTools,
  found: Found,
): Promise<boolean> {
  const { agent, task, work } = assignment;
  const { path, places } = found;
  const [first] = places;
  if (first === undefined) return false;
  const data = { task, path, line: first.line, preview: first.preview };
  const about = { type: 'agent.discovered', subject: `file/${path}`, mission: work.mission, data };
  await work.record('note.record', about);
  const where = `also used in ${path}:${places.map(({ line }) => line).join(', ')}`;
  const taken = agent.situation.taken.get(path);
  // Who spoke for it once may have given it back since: then nobody would take it.
  if (taken !== undefined && taken.task !== task && holds(work, taken.task, path)) {
    await agent.tell(taken.agent, { kind: 'warn', text: where, about: [path], task });
    return false;
  }
  const holder = await askFor(assignment, path, where);
  return holder === undefined || handOn(assignment, tools, { found, holder, where });
}

/** Whether a task holds a path now, by the record. */
function holds({ ledger: { read } }: Assignment['work'], task: string, path: string): boolean {
  const { lease } = (read.entity('task', task)?.body ?? {}) as Partial<TaskState>;
  const held = read.entity('lease', lease ?? '')?.body as LeaseState | undefined;
  return held?.status === 'held' && held.paths.includes(path);
}

/**
 * The path is in other hands: they take the change over (false), or the task that comes later
 * yields: the other one (true), or this one, which throws.
 */
async function handOn(
  assignment: Assignment,
  { comesBefore }: DiscoveryTools,
  {
    found,
    holder,
    where,
  }: { readonly found: Found; readonly holder: Holder; readonly where: string },
): Promise<boolean> {
  const { agent, task } = assignment;
  const { path } = found;
  const isFirst = comesBefore(task, holder.task);
  const said = isFirst
    ? ({ kind: 'yield', text: `${where}, and my task comes first: yield it or take it` } as const)
    : ({ kind: 'ask', text: `${where}: who takes it?` } as const);
  const answer = await agent.tell(holder.agent, { ...said, about: [path], task });
  if (answer?.takes === true) return false;
  if (!isFirst) throw mustYield(path, holder);
  const still = await askFor(assignment, path, where);
  if (still === undefined) return true;
  throw mustYield(path, still);
}

interface Holder {
  readonly agent: string;
  readonly task: string;
}

const mustYield = (path: string, { agent, task }: Holder): SkeinError =>
  new SkeinError('path-held', `Cannot go on without ${path}: ${agent} holds it for ${task}`, {
    details: { path, holder: agent, task },
  });

/** One more path for the lease; answers who holds it when that is somebody else. */
async function askFor(
  { work, lease, agent, task }: Assignment,
  path: string,
  why: string,
): Promise<Holder | undefined> {
  try {
    await work.record('lease.extend', { ...lease, path, why });
  } catch (thrown) {
    const { name, details } = toSkeinError(thrown);
    if (name !== 'path-held') throw thrown;
    const { holder, task: other } = details as { holder: string; task: string };
    return { agent: holder, task: other };
  }
  await agent.announce(task, `${why}: I take it`, [path]);
  return undefined;
}

interface Trying {
  readonly tools: DiscoveryTools;
  readonly propose: ProposeEdit;
}

async function tryPlain(
  assignment: Assignment,
  { tools, propose }: Trying,
  { path, places }: Found,
): Promise<Discovery> {
  const edit = tools.plain(path);
  if (edit === undefined) return { path, places, refusal: null };
  const verdict = await propose(assignment, edit, [assignment.agent.name]);
  if (verdict.type === 'accept') return { path, places, refusal: null };
  const { reason, places: said } = verdict;
  return { path, places, refusal: { reason, places: said } };
}
