/** What a bench found, as rows of one table: the work, its limit or peer, the figure, the goal. */

/** One finding. `peer` was measured in the same run; without a goal nothing is met or missed. */
export interface Finding {
  readonly work: string;
  readonly figure: string;
  readonly peer?: string;
  readonly ratio?: number;
  readonly goal?: Goal;
}

/** What was promised, and whether it was kept. */
export interface Goal {
  readonly text: string;
  readonly met: boolean;
}

/** A bench: what it is about and how to run it. */
export interface Bench {
  readonly about: string;
  readonly run: (options: BenchOptions) => Promise<readonly Finding[]>;
}

/** `scale` 1 is the full size; less is for a quick look. `events` is the size of the large ledger. */
export interface BenchOptions {
  readonly scale: number;
  readonly events: number;
}

/** `count` scaled, at least `least`. */
export const scaled = ({ scale }: BenchOptions, count: number, least = 1): number =>
  Math.max(least, Math.round(count * scale));

/** A rate as a person reads it. */
export function rate(value: number, unit: string): string {
  const shown = value >= 10_000 ? `${(value / 1_000).toFixed(0)} k` : value.toFixed(0);
  return `${shown} ${unit}/s`;
}

/** A duration as a person reads it. */
export const duration = (valueMs: number): string =>
  valueMs < 10
    ? `${valueMs.toFixed(2)} ms`
    : valueMs < 10_000
      ? `${valueMs.toFixed(0)} ms`
      : `${(valueMs / 1_000).toFixed(1)} s`;

/** A ratio against a goal that it must reach. */
export const atLeast = (value: number, least: number, what: string): Goal => ({
  text: `>= ${what}`,
  met: value >= least,
});

/** A value against a goal that it must stay under. */
export const atMost = (value: number, most: number, what: string): Goal => ({
  text: `<= ${what}`,
  met: value <= most,
});

/** The head of the table. */
export const TABLE_HEAD =
  '| Work | Limit or peer, same run | Figure | Ratio | Goal | Met |\n| --- | --- | --- | --- | --- | --- |\n';

/** A finding as a line of Markdown. */
export function toLine({ work, figure, peer, ratio, goal }: Finding): string {
  const met = goal === undefined ? '' : goal.met ? 'yes' : '**no**';
  const cells = [work, peer ?? '', figure, ratio?.toFixed(2) ?? '', goal?.text ?? '', met];
  return `| ${cells.join(' | ')} |\n`;
}
