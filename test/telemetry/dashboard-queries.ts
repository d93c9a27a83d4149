/** The queries of the dashboard, and what is wrong with one when it is held against the table. */
import { METRICS, type MetricRow } from '#telemetry/metric-names.ts';

/** Where the dashboard is, from the project's folder. */
export const DASHBOARD = 'deploy/grafana/skein.json';

/** As much of Grafana's model as the tests need. */
export interface Dashboard {
  readonly panels: readonly {
    readonly id: number;
    readonly type: string;
    readonly title: string;
    readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>;
    readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
  readonly templating: { readonly list: readonly { readonly definition?: string }[] };
}

/** One query, and how its series are named. */
export interface Query {
  readonly title: string;
  readonly expression: string;
  readonly legend: string;
}

/** All queries of panels and variables. */
export function queriesOf({ panels, templating }: Dashboard): Query[] {
  const ofPanels = panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({ title, expression: expr, legend: legendFormat })),
  );
  const ofVariables = templating.list.flatMap(({ definition }) =>
    definition === undefined ? [] : [{ title: 'variable', expression: definition, legend: '' }],
  );
  return [...ofPanels, ...ofVariables];
}

/** Labels that Prometheus adds, and that of buckets. */
const ADDED = ['instance', 'le'];

/** Metrics that are not in the table, and labels that none of the query's metrics has. */
export function problemsOf({ title, expression, legend }: Query): string[] {
  const problems: string[] = [];
  const labels = new Set(ADDED);
  const names = Array.from(expression.matchAll(/\b([a-z_]*skein_\w+)/g), ([, name = '']) => name);
  if (names.length === 0) problems.push('names no metric');
  for (const name of names) {
    const base = name.replace(/_(?:bucket|sum|count)$/, '');
    const table: Readonly<Record<string, MetricRow>> = METRICS;
    const isPart = table[base]?.type === 'histogram' && base !== name;
    const row = isPart ? table[base] : table[name];
    if (row === undefined) problems.push(`${name} is not in the table`);
    if (row?.type === 'histogram' && !isPart)
      problems.push(`${name} is a histogram: say what of it`);
    const isRated = new RegExp(`(?:rate|increase)\\(${name}[{[]`).test(expression);
    if (row !== undefined && row.type !== 'gauge' && !isRated)
      problems.push(`${name} is a counter: only its rate says something`);
    for (const label of row?.labels ?? []) labels.add(label);
  }
  const grouped = Array.from(
    expression.matchAll(/\b(?:by|on|group_left) \(([^)]*)\)/g),
    ([, list = '']) => list.split(', '),
  ).flat();
  const selected = Array.from(expression.matchAll(/(\w+)(?:=~?|!=|!~)"/g), ([, name = '']) => name);
  const shown = Array.from(legend.matchAll(/\{\{(\w+)\}\}/g), ([, name = '']) => name);
  for (const label of [...grouped, ...selected, ...shown])
    if (!labels.has(label)) problems.push(`${label} is no label of ${names.join(', ')}`);
  return problems.map((problem) => `${title}: ${problem}`);
}

/** The query as Prometheus gets it: variables of Grafana filled in. */
export const filledIn = (expression: string): string =>
  expression
    .replaceAll('$__rate_interval', '1m')
    .replaceAll('$__range', '1h')
    .replaceAll('$instance', '.*');
