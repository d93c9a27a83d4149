/**
 * Walks the record of a mission once more: folds its events, decides its commands again, asks for
 * every effect through a port that only has recorded answers, computes its git trees, and compares
 * all of it with what is on the record. No model, no program but git, nothing is written.
 */
import type { Runner } from '#agents/runner.ts';
import type { DeciderTable } from '#ledger/decider.ts';
import { entityLine, hashLines } from '#ledger/fold.ts';
import { foldMission } from '#ledger/history/fold-mission.ts';
import { resolveCommandEnd } from '#ledger/history/whole-command.ts';
import type { Ledger } from '#ledger/ledger.ts';
import type { ReducerSet } from '#ledger/reducer.ts';
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
  const base = ledger.read.entity('mission', mission)?.body as MissionState | undefined;
  const walk = (trees: TreeParts['compute']): Promise<Walked> => {
    const parts = { compute: trees, blobs: ledger.blobs, objectFormat: repository.objectFormat };
    return walkOver({ ...request, upTo, state }, new ReplayTrees(parts));
  };
  const baseId = base?.base ?? '';
  const hasBase = (await probeGitCommit(repository, { expectedId: baseId })) === 'done';
  const walked = hasBase
    ? await withThrowawayTrees(repository, baseId, walk)
    : await walk(() => Promise.reject(baseGone(baseId)));
  const { goal = '' } = state.body<MissionState>('mission', mission) ?? {};
  const difference = walked.difference ?? compareStates(request, state, upTo);
  return {
    mission,
    goal,
    ...walked,
    stateHash: hashOf(request, state.entities.values()),
    difference,
  };
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
      const decided = decideAgain({ ...walk, space: ledger.space }, known, author);
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

const hashOf = ({ reducers }: ReplayRequest, entities: Iterable<Entity>): string =>
  hashLines(reducers, Array.from(entities, entityLine));

/** What the record has: the live state, when nothing came after the moment; else a fold up to then. */
function compareStates(
  request: ReplayRequest,
  state: ReplayState,
  upTo: number,
): Difference | null {
  const { ledger, mission, reducers } = request;
  const { read } = ledger;
  const isLast = read.events({ mission, after: upTo, limit: 1 }).length === 0;
  const folded = foldMission({ read, reducers, mission, upTo }).entities;
  const keys = new Set([...state.entities.keys(), ...folded.keys()]);
  for (const key of keys) {
    const [kind, id] = splitKey(key);
    const own = state.entities.get(key);
    const there = isLast ? read.entity(kind, id) : folded.get(key);
    const [mine, recorded] = [own, there].map((each) =>
      each === undefined ? 'none' : entityLine(each),
    );
    if (mine === recorded) continue;
    return {
      event: state.changedBy.get(key) ?? '',
      what: `Cannot come to the same state: ${kind} ${id} is another one`,
      lines: [`replayed: ${mine}`, `recorded: ${recorded}`],
    };
  }
  return null;
}

function splitKey(key: string): readonly [Entity['kind'], string] {
  const cut = key.indexOf('/');
  return [key.slice(0, cut) as Entity['kind'], key.slice(cut + 1)];
}
