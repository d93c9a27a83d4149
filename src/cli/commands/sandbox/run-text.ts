/** How runs and what holds them are told to people. */
import type { ToldResult } from '#api/sandbox-door.ts';
import type { Enclosure, RunStatus } from '#sandbox/sandbox.ts';
import type { Style } from '../../terminal/style.ts';
import { count } from '../../terminal/wording.ts';

const STATUS: Readonly<Record<RunStatus | 'failed', string>> = {
  ok: 'ok',
  error: 'failed',
  timeout: 'took too long',
  memory: 'wanted too much memory',
  output: 'printed too much',
  fuel: 'used up its fuel',
  killed: 'killed',
  failed: 'the sandbox failed',
};

/** What holds a run, in one line. */
export const heldBy = ({
  tier,
  mechanism,
  strength,
}: Pick<Enclosure, 'tier' | 'mechanism' | 'strength'>): string =>
  `held by ${tier}: ${mechanism} (${strength})`;

/** How it ended and what it cost. */
export function costLine(
  {
    status,
    exitCode,
    durationMs,
    cpuMs,
    peakBytes,
    fuel,
  }: Pick<ToldResult, 'exitCode' | 'durationMs' | 'cpuMs' | 'peakBytes' | 'fuel'> & {
    readonly status: RunStatus | 'failed';
  },
  { green, red, dim }: Style,
): string {
  const paint = status === 'ok' ? green : red;
  const code = status === 'error' && exitCode !== null ? ` with ${exitCode}` : '';
  const costs = [
    `${Math.round(durationMs)} ms`,
    ...(cpuMs === null ? [] : [`cpu ${Math.round(cpuMs)} ms`]),
    ...(peakBytes === null ? [] : [`${Math.ceil(peakBytes / 2 ** 20)} MB`]),
    ...(fuel === null ? [] : [`fuel ${fuel}`]),
  ];
  return `${paint(`${STATUS[status]}${code}`)} ${dim(`after ${costs.join(', ')}`)}`;
}

/** The files that it left otherwise than it found them, and those that may not be taken. */
export function changedLines(
  { changed, refused }: Pick<ToldResult, 'changed' | 'refused'>,
  { bold, yellow }: Style,
): readonly string[] {
  return [
    ...(changed.length === 0
      ? []
      : [bold(`${count(changed.length, 'file')} changed (copies: yours are as they were)`)]),
    ...changed.map(({ path, change }) => `  ${change.padEnd(7)}  ${path}`),
    ...refused.map(({ path, reason }) => yellow(`  not taken  ${path}: ${reason}`)),
  ];
}
