/**
 * How present another node is, as a pure state machine over signs of life and time. Silence only
 * ever worsens what is seen, a sign of life mends it at once; what goes on the record is slower, so
 * that a link that comes and goes is told seldom. Times are monotonic milliseconds of this process.
 */
import type { Presence } from '#protocol/events/node.ts';

/** After how much silence what is seen, and how steady it must be before it is recorded. */
export interface PresenceLimits {
  /** Three heartbeats of 5 s, each at most a tenth late. */
  readonly lateMs: number;
  readonly lostMs: number;
  /** A change is recorded after it held for so long. */
  readonly settleMs: number;
  /** A return is recorded after so long when what it ended had not lasted `calmMs`. */
  readonly steadyMs: number;
  readonly calmMs: number;
  /** Between two changes on the record there is at least this. */
  readonly recordGapMs: number;
}

/** The limits of a node; `steadyMs` is more than one heartbeat alone keeps a node alive. */
export const PRESENCE_LIMITS: PresenceLimits = {
  lateMs: 16_500,
  lostMs: 60_000,
  settleMs: 2_000,
  steadyMs: 30_000,
  calmMs: 120_000,
  recordGapMs: 10_000,
};

/** What is known of one node. */
export interface PresenceState {
  readonly level: Exclude<Presence, 'draining'>;
  readonly draining: boolean;
  /** Since when what is seen is what it is. */
  readonly sinceMs: number;
  /** How long what was seen before that had lasted. */
  readonly heldMs: number;
  /** Silence counts from here. */
  readonly quietMs: number;
  /** Whether there was any sign of life since we watch. */
  readonly heard: boolean;
  /** What the record says, and when we recorded it last. */
  readonly recorded: Presence;
  readonly recordedMs: number | null;
}

/** What happens to a node, as we see it. */
export type PresenceEvent =
  /** A heartbeat, or a link that came up. */
  | { readonly type: 'sign' }
  | { readonly type: 'link-down' }
  | { readonly type: 'draining'; readonly draining: boolean }
  | { readonly type: 'tick' }
  /** We ourselves slept: the silence was ours. */
  | { readonly type: 'woke' };

/** A node that we begin to watch: late until it is heard. `recorded` is what the record says of it. */
export const startPresence = (
  atMs: number,
  draining: boolean,
  recorded: Presence = 'lost',
): PresenceState => ({
  level: 'late',
  draining,
  sinceMs: atMs,
  heldMs: Number.POSITIVE_INFINITY,
  quietMs: atMs,
  heard: false,
  recorded,
  recordedMs: null,
});

/** What is seen: a node drains only while it is there. */
export const seenPresence = ({
  level,
  draining,
}: Pick<PresenceState, 'level' | 'draining'>): Presence =>
  level === 'alive' && draining ? 'draining' : level;

/** The state after `event` at `atMs`. */
export function stepPresence(
  state: PresenceState,
  event: PresenceEvent,
  atMs: number,
  limits: PresenceLimits = PRESENCE_LIMITS,
): PresenceState {
  const next = { ...state, ...changeOf(state, event, atMs, limits) };
  if (seenPresence(next) === seenPresence(state)) return next;
  // Meeting a node for the first time is no coming and going.
  const heldMs = state.heard ? atMs - state.sinceMs : Number.POSITIVE_INFINITY;
  return { ...next, sinceMs: atMs, heldMs };
}

function changeOf(
  state: PresenceState,
  event: PresenceEvent,
  atMs: number,
  limits: PresenceLimits,
): Partial<PresenceState> {
  switch (event.type) {
    case 'sign':
      return { level: 'alive', quietMs: atMs, heard: true };
    case 'link-down':
      return state.level === 'alive' ? { level: 'late' } : {};
    case 'draining':
      return { draining: event.draining };
    case 'tick':
      return afterSilence(state, atMs - state.quietMs, limits);
    case 'woke':
      return { quietMs: atMs };
  }
}

function afterSilence(
  { level }: PresenceState,
  silentMs: number,
  { lateMs, lostMs }: PresenceLimits,
): Partial<PresenceState> {
  if (silentMs >= lostMs) return { level: 'lost' };
  return silentMs >= lateMs && level === 'alive' ? { level: 'late' } : {};
}

/** A change that is ready to be recorded. */
export interface PresenceChange {
  readonly from: Presence;
  readonly to: Presence;
}

/** What the record should say now, undefined while it says so or it is too early to tell. */
export function dueChange(
  state: PresenceState,
  atMs: number,
  limits: PresenceLimits = PRESENCE_LIMITS,
): PresenceChange | undefined {
  const to = seenPresence(state);
  const { recorded: from, recordedMs, heard, sinceMs, heldMs } = state;
  // Before the first sign of life, `late` says something about our start, not about the node.
  if (to === from || (!heard && to !== 'lost')) return undefined;
  const sinceRecordMs = recordedMs === null ? Number.POSITIVE_INFINITY : atMs - recordedMs;
  if (sinceRecordMs < limits.recordGapMs) return undefined;
  const isReturn = state.level === 'alive' && (from === 'late' || from === 'lost');
  const holdMs = isReturn && heldMs < limits.calmMs ? limits.steadyMs : limits.settleMs;
  return atMs - sinceMs < holdMs ? undefined : { from, to };
}

/** The state once `recorded` was written (or could not be: then with what stood before). */
export const withRecorded = (
  state: PresenceState,
  recorded: Presence,
  atMs: number,
): PresenceState => ({ ...state, recorded, recordedMs: atMs });
