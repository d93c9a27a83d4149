/** Spans of time as people type them. */
import { SkeinError } from '#protocol/errors.ts';
import type { Typed } from '../command.ts';

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `30s`, `250ms`, `5m`, `1h`, `2d` in milliseconds; a number alone is seconds. Throws `usage`. */
export function readDuration(text: string, option: string): number {
  const [, amount, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/u.exec(text) ?? [];
  const ms = Number(amount) * (UNITS[unit] ?? Number.NaN);
  if (amount !== undefined && Number.isFinite(ms)) return Math.round(ms);
  throw new SkeinError('usage', `Cannot use --${option} ${text.slice(0, 40)}: it is no time`, {
    fix: 'Write it as 250ms, 30s, 5m, 1h or 2d.',
  });
}

/** The span that an option gives as `{ [key]: ms }`, or nothing when it was not typed. */
export function typedSpan<K extends string>(
  typed: Typed,
  option: string,
  key: K,
): { readonly [each in K]?: number } {
  const text = typed.value(option);
  if (text === undefined) return {};
  return { [key]: readDuration(text, option) } as { [each in K]: number };
}
