/**
 * The series of one metric: a value for each set of labels, and never more of them than the limit.
 * What comes after that shares one series whose labels are all "other".
 */
import type { MetricRow } from './metric-names.ts';

const MAX_LABEL_CHARACTERS = 100;

/** One series; `labels` are values in the order of the row's labels. */
export interface Series<V> {
  readonly labels: readonly string[];
  value: V;
}

/** All series of a metric. */
export class LabelSets<V> {
  readonly #names: readonly string[];
  readonly #most: number;
  readonly #start: () => V;
  readonly #overflow: () => void;
  readonly #series = new Map<string, Series<V>>();

  /** `start` makes the value of a new series; `overflow` is told of each measurement without room. */
  constructor(row: MetricRow, most: number, start: () => V, overflow: () => void) {
    this.#names = row.labels;
    this.#most = most;
    this.#start = start;
    this.#overflow = overflow;
    if (row.labels.length === 0) this.at(undefined);
  }

  /** The series of these labels, or the one of all that have no room. */
  at(given: Readonly<Record<string, string>> | undefined): Series<V> {
    const labels = this.#names.map((name) => clip(given?.[name] ?? ''));
    const known = this.#series.get(keyOf(labels));
    if (known !== undefined) return known;
    if (this.#series.size < this.#most) return this.#add(labels);
    this.#overflow();
    const other = this.#names.map(() => 'other');
    return this.#series.get(keyOf(other)) ?? this.#add(other);
  }

  /** Forgets all series; what was not measured again is not there any more. */
  clear(): void {
    this.#series.clear();
  }

  list(): readonly Series<V>[] {
    return [...this.#series.values()];
  }

  #add(labels: readonly string[]): Series<V> {
    const series = { labels, value: this.#start() };
    this.#series.set(keyOf(labels), series);
    return series;
  }
}

const keyOf = (labels: readonly string[]): string => JSON.stringify(labels);

/** Half a character at the cut would be no text. */
const clip = (value: string): string => value.slice(0, MAX_LABEL_CHARACTERS).toWellFormed();
