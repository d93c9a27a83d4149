/** Durations as people type them: `500ms`, `30s`, `5m`, `2h`, `7d`. */

const MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds, or undefined for what is no duration. */
export function parseDuration(word: string): number | undefined {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/u.exec(word.trim());
  const ms = match === null ? Number.NaN : Number(match[1]) * (MS[match[2] ?? ''] ?? Number.NaN);
  return Number.isSafeInteger(ms) ? ms : undefined;
}
