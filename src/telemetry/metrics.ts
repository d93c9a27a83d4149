/**
 * The registry of a node's metrics. Contract: made by the daemon and handed down, nothing is global;
 * names and labels are those of the table, checked by the compiler; to measure never throws and never
 * waits; a metric has at most 200 label sets, a histogram 50, the rest is counted as "other".
 */
import { LabelSets } from './label-sets.ts';
import {
  METRICS,
  type LabelsOf,
  type MetricName,
  type MetricRow,
  type NamesOf,
} from './metric-names.ts';
import { renderMetrics, type Family, type Sample, type TextFormat } from './text-format.ts';

const MAX_SERIES = { counter: 200, gauge: 200, histogram: 50 } as const;

/** Labels as the last argument; none for a metric without any. */
export type Given<N extends MetricName> = keyof LabelsOf<N> extends never ? [] : [LabelsOf<N>];

/** One value with its labels. */
export type Measured<N extends MetricName> = readonly [value: number, ...labels: Given<N>];

/** Counts up; `replace` tells totals that are counted elsewhere, those of one label set are added. */
export interface Counter<N extends MetricName> {
  readonly add: (value: number, ...labels: Given<N>) => void;
  readonly replace: (all: readonly Measured<N>[]) => void;
}

/** Goes up and down; after `replace` there are these series and no others. */
export interface Gauge<N extends MetricName> {
  readonly set: (value: number, ...labels: Given<N>) => void;
  readonly add: (value: number, ...labels: Given<N>) => void;
  readonly replace: (all: readonly Measured<N>[]) => void;
}

/** Counts values in the buckets of its row. */
export interface Histogram<N extends MetricName> {
  readonly observe: (value: number, ...labels: Given<N>) => void;
}

/** A registry. Asked twice for a name it answers with the same series. */
export interface Metrics {
  readonly counter: <N extends NamesOf<'counter'>>(name: N) => Counter<N>;
  readonly gauge: <N extends NamesOf<'gauge'>>(name: N) => Gauge<N>;
  readonly histogram: <N extends NamesOf<'histogram'>>(name: N) => Histogram<N>;
  /** `measure` is called before each reading; `part` names it when it fails. Answers how to end that. */
  readonly collect: (part: string, measure: () => void | Promise<void>) => () => void;
  /** All that is measured, as text. */
  readonly expose: (format: TextFormat) => Promise<string>;
}

/** The values of a histogram; `counts` has one more than there are buckets, for what is above. */
interface Distribution {
  readonly counts: number[];
  sum: number;
}

type Labels = Readonly<Record<string, string>> | undefined;
type AnyMeasured = readonly [value: number, labels?: Labels];

interface Plain {
  readonly add: (value: number, labels?: Labels) => void;
  readonly set: (value: number, labels?: Labels) => void;
  readonly replace: (all: readonly AnyMeasured[]) => void;
}

/** `report` is told why a part could not be measured, once until it can be again. */
export interface MetricsOptions {
  readonly report?: (thrown: unknown) => void;
  /** How many series of each type; for tests. */
  readonly most?: Partial<Record<MetricRow['type'], number>>;
}

/** A new registry. */
export function makeMetrics({ report, most = {} }: MetricsOptions = {}): Metrics {
  const limits = { ...MAX_SERIES, ...most };
  const families = new Map<MetricName, () => readonly Sample[]>();
  const instruments = new Map<MetricName, unknown>();
  const collectors = new Set<readonly [part: string, measure: () => void | Promise<void>]>();
  const dropped = makePlain(METRICS.skein_metrics_dropped_total, Infinity, () => undefined);
  families.set('skein_metrics_dropped_total', dropped.samples);
  const once = <T extends { samples: () => readonly Sample[] }>(
    name: MetricName,
    make: (row: MetricRow, most: number, drop: () => void) => T,
  ): T => {
    const known = instruments.get(name);
    if (known !== undefined) return known as T;
    const labels = { metric: name };
    const row: MetricRow = METRICS[name];
    const made = make(row, limits[row.type], () => dropped.add(1, labels));
    dropped.add(0, labels);
    instruments.set(name, made);
    families.set(name, made.samples);
    return made;
  };
  const failures = once('skein_metrics_collect_failures_total', makePlain);
  const reported = new Set<string>();
  const measure = async (): Promise<void> => {
    const running = [...collectors].map(async ([part, each]) => {
      try {
        failures.add(0, { part });
        await each();
        reported.delete(part);
      } catch (thrown) {
        failures.add(1, { part });
        if (!reported.has(part)) report?.(thrown);
        reported.add(part);
      }
    });
    await Promise.all(running);
  };
  let measuring: Promise<void> | undefined;
  return {
    counter: (name) => once(name, makePlain) as never,
    gauge: (name) => once(name, makePlain) as never,
    histogram: (name) => once(name, makeDistributions) as never,
    collect: (part, each) => {
      const entry = [part, each] as const;
      collectors.add(entry);
      return () => void collectors.delete(entry);
    },
    expose: async (format) => {
      // Who reads at the same moment gets the same measurement, however many they are.
      measuring ??= measure().finally(() => (measuring = undefined));
      await measuring;
      return renderMetrics(familiesOf(families), format);
    },
  };
}

/** In the order of the table, and only what has a series. */
const familiesOf = (
  families: ReadonlyMap<MetricName, () => readonly Sample[]>,
): readonly Family[] =>
  (Object.keys(METRICS) as MetricName[]).flatMap((name) => {
    const samples = families.get(name)?.() ?? [];
    return samples.length === 0 ? [] : [{ name, ...METRICS[name], samples }];
  });

type Made<I> = I & { readonly samples: () => readonly Sample[] };

/** A counter or a gauge: one number a series. A counter takes nothing below zero. */
function makePlain(row: MetricRow, most: number, drop: () => void): Made<Plain> {
  const sets = new LabelSets(row, most, () => 0, drop);
  const least = row.type === 'counter' ? 0 : -Infinity;
  const change = (by: (before: number) => number, value: number, labels: Labels): void => {
    if (!Number.isFinite(value) || value < least) drop();
    else {
      const series = sets.at(labels);
      series.value = by(series.value);
    }
  };
  const add = (value: number, labels?: Labels): void => change((old) => old + value, value, labels);
  return {
    add,
    set: (value, labels) => change(() => value, value, labels),
    replace: (all) => {
      sets.clear();
      for (const [value, labels] of all) add(value, labels);
    },
    samples: () =>
      sets.list().map(({ labels, value }) => ({ suffix: '', labels: pair(row, labels), value })),
  };
}

function makeDistributions(
  row: MetricRow,
  most: number,
  drop: () => void,
): Made<{ readonly observe: (value: number, labels?: Labels) => void }> {
  const buckets = row.buckets ?? [];
  const start = (): Distribution => ({ counts: [...buckets, Infinity].map(() => 0), sum: 0 });
  const sets = new LabelSets(row, most, start, drop);
  return {
    observe: (value, labels) => {
      if (!Number.isFinite(value)) return drop();
      const { value: seen } = sets.at(labels);
      const found = buckets.findIndex((bound) => value <= bound);
      const index = found < 0 ? buckets.length : found;
      seen.counts[index] = (seen.counts[index] ?? 0) + 1;
      seen.sum += value;
    },
    samples: () =>
      sets.list().flatMap(({ labels, value }) => distribution(buckets, pair(row, labels), value)),
  };
}

const pair = (row: MetricRow, values: readonly string[]): Sample['labels'] =>
  row.labels.map((name, index) => [name, values[index] ?? '']);

function distribution(
  buckets: readonly number[],
  labels: Sample['labels'],
  { counts, sum }: Distribution,
): Sample[] {
  let count = 0;
  const lines = counts.map((more, index): Sample => {
    count += more;
    const bound = buckets[index];
    return { suffix: '_bucket', labels: [...labels, ['le', boundText(bound)]], value: count };
  });
  return [
    ...lines,
    { suffix: '_sum', labels, value: sum },
    { suffix: '_count', labels, value: count },
  ];
}

/** One spelling in both formats, that of OpenMetrics, or one bucket would be two series. */
const boundText = (bound: number | undefined): string => {
  if (bound === undefined) return '+Inf';
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
};
