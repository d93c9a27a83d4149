/**
 * Walks the record of a mission once more: folds its events, decides its commands again, asks for
 * every effect through a port that only has recorded answers, computes its git trees, and compares
 * all of it with what is on the record. No model, no program but git, nothing is written.
 */
import type { Runner } from '#agents/runner.ts';
import type { DeciderTable } from '#ledger/decider.ts';
import { entityLine, hashLines } from '#ledger/state/fold.ts';
import { foldMission } from '#ledger/history/fold-mission.ts';
import { resolveCommandEnd } from '#ledger/history/whole-command.ts';
import type { Ledger, LedgerReader } from '#ledger/ledger.ts';
import type { ReducerSet } from '#ledger/state/reducer.ts';
import type { Entity } from '#protocol/entity.ts';
import { toSkeinError, type SkeinError } from '#protocol/errors.ts';
import type { Repository } from '#workspace/git/open-repository.ts';
import { probeGitCommit } from '#workspace/git/git-commit.ts';
import { withThrowawayTrees } from '#workspace/trees/throwaway-tree.ts';
import type { MissionState } from '../../mission-reducer.ts';
import { eachCommand } from './command-walk.ts';
import { decideAgain } from './decide-again.ts';
import { asDifference, stopAt, type Difference } from './difference.ts';
import { EventReplay } from './event-replay.ts';
import { ReplayState } from './replay-state.ts';
import { ReplayTrees, type TreeParts } from './replay-trees.ts';

/** What is replayed and with what; `at` as people say it, see `resolveMoment`. */
export interface ReplayRequest {
  readonly ledger: Pick<Ledger, 'read' | 'blobs' | 'space'>;
  readonly reducers: ReducerSet;
  readonly deciders: DeciderTable;
  readonly runner: Pick<Runner, 'checkBase' | 'checkChange'>;
  readonly repository: Repository;
  readonly mission: string;
  readonly at: string;
  /** Lets others have their turn; awaited now and then. */
  readonly breathe: () => Promise<void>;
}

/** What a replay came to. `difference` is the first one, null when there is none. */
export interface ReplayReport {
  readonly mission: string;
  readonly goal: string;
  /** The last event that was walked over. */
  readonly event: string;
  readonly events: number;
  readonly commands: number;
  /** Commands that were decided again: the same, or (`other`) with other events than were recorded. */
  readonly decided: number;
  readonly other: number;
  /** The first event of the first command that is decided otherwise now; null when none is. */
  readonly firstOther: string | null;
  /** Effects that the port answered; `failed` ones have their failure, `open` ones no outcome yet. */
  readonly answered: number;
  readonly failed: number;
  readonly open: number;
  /** Git trees and git commits that were computed and compared. */
  readonly trees: number;
  readonly stateHash: string;
  readonly difference: Difference | null;
}

/** After so many commands others have a turn. */
const COMMANDS_AT_ONCE = 200;

/** Replays the mission. Throws what `resolveMoment` throws; what the record lacks is in the report. */
export async function replayMission(request: ReplayRequest): Promise<ReplayReport> {
  const { ledger, mission, at, repository } = request;
  const { position: upTo } = resolveCommandEnd(ledger.read, mission, at);
  const state = new ReplayState({ ...request, read: ledger.read });
  const walk: Walk = { ...request, upTo, state };
  const { base = '' } = (ledger.read.entity('mission', mission)?.body ??
    {}) as Partial<MissionState>;
  const withTrees = (compute: TreeParts['compute']): Promise<Walked> => {
    const { objectFormat } = repository;
    return walkOver(walk, new ReplayTrees({ compute, objectFormat, blobs: ledger.blobs }));
  };
  const hasBase = (await probeGitCommit(repository, { expectedId: base })) === 'done';
  const walked = hasBase
    ? await withThrowawayTrees(repository, base, withTrees)
    : await withTrees(() => Promise.reject(baseGone(base)));
  const { goal = '' } = state.body<MissionState>('mission', mission) ?? {};
  const lines = linesOf(state.entities);
  const difference = walked.difference ?? compareStates(walk, lines);
  const stateHash = hashLines(request.reducers, [...lines.values()]);
  return { mission, goal, ...walked, stateHash, difference };
}

const baseGone = (base: string): SkeinError =>
  stopAt('Cannot compute a git tree: the base is gone from the repository', [
    `git commit: ${base}`,
  ]);

type Walked = Omit<ReplayReport, 'mission' | 'goal' | 'stateHash'>;

interface Walk extends ReplayRequest {
  readonly upTo: number;
  readonly state: ReplayState;
}

async function walkOver(walk: Walk, trees: ReplayTrees): Promise<Walked> {
  const { ledger, mission, upTo, state } = walk;
  const replay = new EventReplay({ ...walk, blobs: ledger.blobs, trees });
  const counts = { events: 0, commands: 0, decided: 0, other: 0 };
  let event = '';
  let firstOther: string | null = null;
  let difference: Difference | null = null;
  try {
    for (const { ids, known, author } of eachCommand(ledger.read, { mission, upTo })) {
      event = ids[0] ?? event;
      counts.commands += 1;
      if (counts.commands % COMMANDS_AT_ONCE === 0) await walk.breathe();
      // What a later Skein states besides can't be decided by this one.
      const isKnown = known.length === ids.length;
      const decided = isKnown
        ? decideAgain({ ...walk, space: ledger.space }, known, author)
        : 'untold';
      if (decided !== 'untold') counts.decided += 1;
      if (decided === 'other') {
        counts.other += 1;
        firstOther ??= event;
      }
      for (const each of known) {
        event = each.id;
        await replay.take(each, author);
      }
      event = ids.at(-1) ?? event;
      counts.events += ids.length;
    }
  } catch (thrown) {
    difference = differenceOf(thrown, event);
  }
  const { answered, failed } = replay;
  const open = state.open.size;
  return {
    event,
    ...counts,
    firstOther,
    answered,
    failed,
    open,
    trees: trees.compared,
    difference,
  };
}

function differenceOf(thrown: unknown, event: string): Difference {
  const difference = asDifference(toSkeinError(thrown), event);
  if (difference === undefined) throw thrown;
  return difference;
}

/** Entities as lines, by `<kind>/<id>`: equal lines, equal entities. */
const linesOf = (entities: ReadonlyMap<string, Entity>): ReadonlyMap<string, string> =>
  new Map(Array.from(entities, ([key, entity]) => [key, entityLine(entity)]));

/** What the record has: the live state, when nothing came after the moment; else a fold up to then. */
function compareStates(
  { ledger, mission, reducers, state, upTo }: Walk,
  own: ReadonlyMap<string, string>,
): Difference | null {
  const { read } = ledger;
  const isLast = read.events({ mission, after: upTo, limit: 1 }).length === 0;
  const folded = isLast
    ? undefined
    : linesOf(foldMission({ read, reducers, mission, upTo }).entities);
  for (const key of new Set([...own.keys(), ...(folded?.keys() ?? [])])) {
    const [kind, id] = splitKey(key);
    const there = folded === undefined ? liveLine(read, kind, id) : folded.get(key);
    const mine = own.get(key);
    if (mine === there) continue;
    return {
      event: state.changedBy.get(key) ?? '',
      what: `Cannot come to the same state: ${kind} ${id} is another one`,
      lines: [`replayed: ${clip(mine)}`, `recorded: ${clip(there)}`],
    };
  }
  return null;
}

const MOST_SHOWN = 1_000;

const clip = (line = 'none'): string =>
  line.length > MOST_SHOWN ? `${line.slice(0, MOST_SHOWN)}...` : line;

function liveLine(read: LedgerReader, kind: Entity['kind'], id: string): string | undefined {
  const entity = read.entity(kind, id);
  return entity === undefined ? undefined : entityLine(entity);
}

function splitKey(key: string): readonly [Entity['kind'], string] {
  const cut = key.indexOf('/');
  return [key.slice(0, cut) as Entity['kind'], key.slice(cut + 1)];
}
