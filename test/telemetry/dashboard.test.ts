/** The dashboard shows what there is: its queries name metrics and labels of the table, and only those. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { METRICS, type MetricRow } from '#telemetry/metric-names.ts';
import { ROOT } from '../house/source-files.ts';
import { DASHBOARD, problemsOf, queriesOf, type Dashboard } from './dashboard-queries.ts';

const dashboard = JSON.parse(readFileSync(join(ROOT, DASHBOARD), 'utf8')) as Dashboard;

const changed = (from: string, to: string): Dashboard => {
  const text = JSON.stringify(dashboard);
  assert.ok(text.includes(from), from);
  return JSON.parse(text.replace(from, to)) as Dashboard;
};

describe('the dashboard', () => {
  it('names metrics and labels that there are', () => {
    assert.deepEqual(queriesOf(dashboard).flatMap(problemsOf), []);
  });

  it('is read well: a metric, a label or a suffix that is not there is found', () => {
    for (const [from, to, problem] of [
      ['skein_tasks{', 'skein_tickets{', /skein_tickets is not in the table/],
      ['by (guardrail)', 'by (guard)', /guard is no label/],
      [',outcome=\\"stored\\"', ',outcomes=\\"stored\\"', /outcomes is no label/],
      ['{{state}}', '{{stat}}', /stat is no label/],
      ['skein_tasks{', 'skein_tasks_bucket{', /skein_tasks_bucket is not in the table/],
      ['skein_link_rtt_seconds_bucket', 'skein_link_rtt_seconds', /is a histogram/],
      ['rate(skein_events_total{', 'avg(skein_events_total{', /is a counter/],
    ] as const) {
      const found = queriesOf(changed(from, to)).flatMap(problemsOf);
      assert.match(found.join('\n'), problem, from);
    }
  });

  it('shows every metric of the table', () => {
    const text = queriesOf(dashboard)
      .map(({ expression }) => expression)
      .join('\n');
    const absent = Object.entries<MetricRow>(METRICS).filter(
      ([name, { type }]) => !text.includes(type === 'histogram' ? `${name}_` : name),
    );
    assert.deepEqual(
      absent.map(([name]) => name),
      [],
    );
  });

  it('has the five rows, panels with numbers of their own, and none over another', () => {
    const { panels } = dashboard;
    const rows = panels.filter(({ type }) => type === 'row').map(({ title }) => title);
    assert.deepEqual(rows, ['Health', 'Missions', 'Record', 'Bus', 'Nodes']);
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) => {
      assert.ok(x + w <= 24, 'a panel is too wide');
      return Array.from(
        { length: w * h },
        (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`,
      );
    });
    assert.equal(new Set(cells).size, cells.length, 'panels overlap');
  });
});

describe('the guide', () => {
  const guide = readFileSync(join(ROOT, 'docs/guides/metrics.md'), 'utf8');
  const cells = guide
    .split('\n')
    .filter((line) => line.startsWith('| `skein_') && line.split('|').length === 6)
    .map((line) =>
      line
        .split('|')
        .map((cell) => cell.trim().replaceAll('`', ''))
        .slice(1, -1),
    );

  it('tells of every metric what the table does', () => {
    const rows = Object.entries<MetricRow>(METRICS).map(([name, { type, labels, help }]) => [
      name,
      type,
      labels.join(' '),
      help,
    ]);
    assert.deepEqual(cells, rows);
  });
});
