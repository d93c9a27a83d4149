/**
 * A recorded command decided once more, on the state that the replay has come to. A decider that
 * refuses now what it let pass then is a difference; one that states other events is told, for a
 * later Skein may decide otherwise what was decided well.
 */
import { canonicalJson } from '#lib/canonical-json.ts';
import type { DeciderTable, DecisionContext, EntityView } from '#ledger/decider.ts';
import type { Entity } from '#protocol/entity.ts';
import type { EntityKind } from '#protocol/event-type.ts';
import type { NewSkeinEvent, SkeinEvent } from '#protocol/event-types.ts';
import { toSkeinError } from '#protocol/errors.ts';
import { heldLeases } from '#tasks/held-leases.ts';
import type { LeaseState, TaskState } from '#tasks/task-reducer.ts';
import type { PlanState } from '../../mission-reducer.ts';
import { stopAt } from './difference.ts';
import { recordedCommand, type RecordedCommand } from './recorded-command.ts';
import type { ReplayState } from './replay-state.ts';

/** What decisions are made by. */
export interface Decisions {
  readonly deciders: DeciderTable;
  readonly space: string;
  readonly state: ReplayState;
}

/** How it went: `same`, with `other` events, or `untold` when its input can't be rebuilt. */
export type DecidedAgain = 'same' | 'other' | 'untold';

/** Decides the command whose events these are; throws `replay-differs` when it is refused. */
export function decideAgain(
  decisions: Decisions,
  events: readonly SkeinEvent[],
  author: string,
): DecidedAgain {
  const { deciders, state } = decisions;
  const command = recordedCommand(events, {
    task: (id) => state.body<TaskState>('task', id),
    lease: (id) => state.body<LeaseState>('lease', id),
    plan: (id) => state.body<PlanState>('plan', id),
  });
  const decide = command === undefined ? undefined : deciders[command.name];
  if (command === undefined || decide === undefined) return 'untold';
  try {
    return isSame(decide(command.input, contextOf(decisions, events, author)), events)
      ? 'same'
      : 'other';
  } catch (thrown) {
    throw refused(command, toSkeinError(thrown).message);
  }
}

const refused = ({ name, input }: RecordedCommand, why: string): Error =>
  stopAt(`Cannot decide ${name} again: it was recorded, and is refused now`, [
    `refused: ${why}`,
    `input: ${canonicalJson(input).slice(0, 400)}`,
  ]);

function contextOf(
  { space, state }: Decisions,
  events: readonly SkeinEvent[],
  author: string,
): DecisionContext {
  const [first] = events;
  const ofKind = (kind: EntityKind): readonly Entity[] =>
    [...state.entities.values()].filter((each) => each.kind === kind);
  return {
    entity: state.entity as DecisionContext['entity'],
    entities: ofKind as DecisionContext['entities'],
    view: (view) => viewOf(view, state, events),
    now: Date.parse(first?.time ?? ''),
    epoch: epochOf(events, state),
    node: author,
    space,
    authority: first?.authority ?? 'system',
    actor: first?.actor ?? '',
    command: first?.id ?? '',
  };
}

/** Who was at work then: a granted lease and a resumed mission name the epoch. */
function epochOf(events: readonly SkeinEvent[], state: ReplayState): number {
  for (const { type, data } of events) {
    if (type === 'lease.granted' || type === 'mission.resumed') state.enterEpoch(data.epoch);
  }
  return state.epoch;
}

/** Leases of other missions are not looked at; what they leave is that numbers of tokens have gaps. */
function viewOf<V>(view: EntityView<V>, state: ReplayState, events: readonly SkeinEvent[]): V {
  if (!isHeldLeases(view)) {
    const made = view.start();
    for (const each of state.entities.values()) if (each.kind === view.kind) view.add(made, each);
    return made;
  }
  const granted = events.find(({ type }) => type === 'lease.granted');
  const token = granted?.type === 'lease.granted' ? granted.data.token : 0;
  const { byPath, highestToken } = state.held;
  return { byPath, highestToken: Math.max(highestToken, token - 1) } as V;
}

const isHeldLeases = (view: unknown): boolean => view === heldLeases;

/** Whether what is decided now is what was recorded, word for word. */
function isSame(decided: readonly NewSkeinEvent[], recorded: readonly SkeinEvent[]): boolean {
  if (decided.length !== recorded.length) return false;
  return decided.every((event, index) => {
    const there = recorded[index] as SkeinEvent;
    const { type, subject, cause, data } = there;
    if (event.type !== type || event.subject !== subject || event.cause !== cause) return false;
    return canonicalJson(event.data) === canonicalJson(data);
  });
}
