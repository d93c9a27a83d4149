/** What old buses call urgent and read, in the words of Skein. */
import type { OldPriority } from './old-bus.ts';

const PRIORITY_WORDS: Readonly<Record<string, OldPriority>> = {
  critical: 'critical',
  urgent: 'critical',
  emergency: 'critical',
  highest: 'critical',
  p0: 'critical',
  high: 'high',
  important: 'high',
  p1: 'high',
  normal: 'normal',
  medium: 'normal',
  default: 'normal',
  info: 'normal',
  p2: 'normal',
  low: 'low',
  lowest: 'low',
  background: 'low',
  p3: 'low',
};

/** How numbers are read as priorities: `normal` is the usual one. */
export interface PriorityScale {
  readonly normal: number | null;
  readonly lowIsUrgent: boolean;
}

/** A number, also one that is written as text; undefined for anything else. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  if (typeof value !== 'string' || !/^\s*-?\d{1,15}(?:\.\d+)?\s*$/u.test(value)) return undefined;
  return Number(value);
}

/** The priority a value says; undefined when it is not understood (nothing at all is `normal`). */
export function readPriority(value: unknown, scale: PriorityScale): OldPriority | undefined {
  if (value === null || value === undefined || value === '') return 'normal';
  const number = numberOf(value);
  if (number !== undefined) {
    if (scale.normal === null || number === scale.normal) return 'normal';
    return number > scale.normal === scale.lowIsUrgent ? 'low' : 'high';
  }
  if (typeof value !== 'string') return undefined;
  const word = value.trim().toLowerCase();
  return Object.hasOwn(PRIORITY_WORDS, word) ? PRIORITY_WORDS[word] : undefined;
}

const READ_WORDS = new Set(
  (
    'read seen acked ack acknowledged delivered done handled processed completed complete ' +
    'closed archived responded answered consumed true yes expired deleted cancelled ' +
    'canceled received'
  ).split(' '),
);

const UNREAD_WORDS = new Set(
  (
    'unread new pending queued sent open waiting created unacked ready claimed leased retry ' +
    'failed dead error false no in_progress'
  ).split(' '),
);

/**
 * Whether a message was read; undefined when it is not understood. What was begun or has failed counts
 * as unread: it is better read twice than never. A time (`read_at`) means that it was.
 */
export function readStatus(value: unknown): 'read' | 'unread' | undefined {
  if (value === null || value === undefined) return 'unread';
  if (typeof value === 'boolean') return value ? 'read' : 'unread';
  const number = numberOf(value);
  if (number !== undefined) return number === 0 ? 'unread' : 'read';
  if (typeof value !== 'string') return undefined;
  const word = value.trim().toLowerCase();
  if (READ_WORDS.has(word) || /^\d{4}-\d{2}-\d{2}/u.test(word)) return 'read';
  return word === '' || UNREAD_WORDS.has(word) ? 'unread' : undefined;
}
