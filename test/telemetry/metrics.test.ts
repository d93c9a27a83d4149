/** The registry and its text: what is counted is told, rightly escaped, and never without a bound. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { METRICS, type MetricRow } from '#telemetry/metric-names.ts';
import { makeMetrics, type Metrics } from '#telemetry/metrics.ts';
import { CONTENT_TYPES, chooseFormat, renderMetrics } from '#telemetry/text-format.ts';
import { parseMetrics, type ReadSample } from './parse-metrics.ts';

const read = async (metrics: Metrics): Promise<readonly ReadSample[]> =>
  parseMetrics(await metrics.expose('prometheus')).samples;

const of = (samples: readonly ReadSample[], name: string): [object, number][] =>
  samples.filter((each) => each.name === name).map(({ labels, value }) => [{ ...labels }, value]);

describe('the registry', () => {
  it('tells nothing that no part has asked for, and a zero from who counts', async () => {
    const metrics = makeMetrics();
    assert.deepEqual(of(await read(metrics), 'skein_redeliveries_total'), []);
    metrics.counter('skein_redeliveries_total');
    assert.deepEqual(of(await read(metrics), 'skein_redeliveries_total'), [[{}, 0]]);
  });

  it('counts, sets and replaces', async () => {
    const metrics = makeMetrics();
    const checks = metrics.counter('skein_checks_total');
    checks.add(1, { outcome: 'passed' });
    metrics.counter('skein_checks_total').add(2, { outcome: 'passed' });
    const tasks = metrics.gauge('skein_tasks');
    tasks.set(3, { status: 'ready' });
    tasks.add(-1, { status: 'ready' });
    const missions = metrics.gauge('skein_missions');
    missions.replace([[5, { status: 'planning' }]]);
    missions.replace([
      [1, { status: 'done' }],
      [2, { status: 'done' }],
    ]);
    const samples = await read(metrics);
    assert.deepEqual(of(samples, 'skein_checks_total'), [[{ outcome: 'passed' }, 3]]);
    assert.deepEqual(of(samples, 'skein_tasks'), [[{ status: 'ready' }, 2]]);
    assert.deepEqual(of(samples, 'skein_missions'), [[{ status: 'done' }, 3]]);
  });

  it('puts a value on a bound into its bucket, and one above all into the last', async () => {
    const metrics = makeMetrics();
    const delay = metrics.histogram('skein_event_loop_delay_seconds');
    for (const value of [0, 0.001, 0.0011, 5, 6]) delay.observe(value);
    const samples = await read(metrics);
    const counts = of(samples, 'skein_event_loop_delay_seconds_bucket');
    assert.deepEqual(
      counts.map(([, count]) => count),
      [2, 3, 3, 3, 3, 3, 3, 3, 3, 4, 5],
    );
    assert.deepEqual(counts.at(-2)?.[0], { le: '5.0' });
    assert.equal(of(samples, 'skein_event_loop_delay_seconds_sum')[0]?.[1], 11.0021);
  });

  it('takes no number that is none, no counter down, and says how many', async () => {
    const metrics = makeMetrics();
    const bytes = metrics.gauge('skein_process_resident_bytes');
    bytes.set(7);
    bytes.set(Number.NaN);
    bytes.set(-1);
    const redeliveries = metrics.counter('skein_redeliveries_total');
    redeliveries.add(-1);
    metrics.histogram('skein_event_loop_delay_seconds').observe(Infinity);
    const samples = await read(metrics);
    assert.deepEqual(of(samples, 'skein_process_resident_bytes'), [[{}, -1]]);
    assert.deepEqual(of(samples, 'skein_redeliveries_total'), [[{}, 0]]);
    const dropped = of(samples, 'skein_metrics_dropped_total').filter(([, count]) => count > 0);
    const names = dropped.map(([labels]) => String(Object.values(labels)[0]));
    assert.deepEqual(names.toSorted(), [
      'skein_event_loop_delay_seconds',
      'skein_process_resident_bytes',
      'skein_redeliveries_total',
    ]);
    assert.ok(dropped.every(([, count]) => count === 1));
  });
});

describe('the bound on label sets', () => {
  const flood = async (most: number): Promise<readonly ReadSample[]> => {
    const metrics = makeMetrics({ most: { counter: most } });
    const refused = metrics.counter('skein_edits_refused_total');
    for (let each = 0; each < 10; each += 1) refused.add(1, { guardrail: `g${each % 5}` });
    return read(metrics);
  };

  it('gathers what is too much as "other", loses no count, and tells of it', async () => {
    const samples = await flood(3);
    const series = of(samples, 'skein_edits_refused_total');
    assert.deepEqual(series, [
      [{ guardrail: 'g0' }, 2],
      [{ guardrail: 'g1' }, 2],
      [{ guardrail: 'g2' }, 2],
      [{ guardrail: 'other' }, 4],
    ]);
    const dropped = of(samples, 'skein_metrics_dropped_total');
    assert.deepEqual(
      dropped.find(([, count]) => count > 0),
      [{ metric: 'skein_edits_refused_total' }, 4],
    );
  });

  it('is what does that: with room for all there is no "other"', async () => {
    const samples = await flood(5);
    assert.equal(of(samples, 'skein_edits_refused_total').length, 5);
    assert.ok(of(samples, 'skein_metrics_dropped_total').every(([, count]) => count === 0));
  });

  it('cuts long values, never within a character', async () => {
    const metrics = makeMetrics();
    metrics.counter('skein_edits_refused_total').add(1, { guardrail: `${'a'.repeat(99)}😀` });
    const [first] = of(await read(metrics), 'skein_edits_refused_total');
    assert.deepEqual(first?.[0], { guardrail: `${'a'.repeat(99)}\ufffd` });
  });
});

describe('what is measured for a scrape', () => {
  it('is measured once for all who read at the same time, and anew for the next', async () => {
    const metrics = makeMetrics();
    let times = 0;
    metrics.collect('spaces', async () => void (times += 1));
    await Promise.all([metrics.expose('prometheus'), metrics.expose('openmetrics')]);
    assert.equal(times, 1);
    await metrics.expose('prometheus');
    assert.equal(times, 2);
  });

  it('may fail: the rest is told, and the failure is counted', async () => {
    const metrics = makeMetrics();
    metrics.collect('broken', () => assert.fail('a database is gone'));
    const end = metrics.collect('whole', () => metrics.gauge('skein_missions_at_work').set(4));
    const samples = await read(metrics);
    assert.deepEqual(of(samples, 'skein_metrics_collect_failures_total'), [
      [{ part: 'broken' }, 1],
      [{ part: 'whole' }, 0],
    ]);
    assert.deepEqual(of(samples, 'skein_missions_at_work'), [[{}, 4]]);
    metrics.gauge('skein_missions_at_work').set(9);
    end();
    assert.deepEqual(of(await read(metrics), 'skein_missions_at_work'), [[{}, 9]]);
  });

  it('is reported when it begins to fail, not at every scrape', async () => {
    const reports: unknown[] = [];
    const metrics = makeMetrics({ report: (thrown) => reports.push(thrown) });
    let problem: Error | undefined = new Error('gone');
    metrics.collect('spaces', () => (problem === undefined ? undefined : Promise.reject(problem)));
    for (let scrape = 0; scrape < 3; scrape += 1) await metrics.expose('prometheus');
    assert.deepEqual(reports, [problem]);
    problem = undefined;
    await metrics.expose('prometheus');
    problem = new Error('gone again');
    await metrics.expose('prometheus');
    assert.equal(reports.length, 2);
  });
});

describe('the text', () => {
  const evil = 'a "quoted" \\ back\nline {x="y"} 1 é';

  it('escapes label values and help, and is read back as it was', () => {
    const family = { name: 'skein_x', type: 'gauge', help: evil } as const;
    const samples = [{ suffix: '', labels: [['l', evil]], value: 1.5e-9 }] as const;
    const page = parseMetrics(renderMetrics([{ ...family, samples }], 'prometheus'));
    assert.deepEqual(page.samples, [{ name: 'skein_x', labels: { l: evil }, value: 1.5e-9 }]);
    assert.equal(page.helps.get('skein_x'), evil);
  });

  it('is refused by the reader of this test when it is not escaped', () => {
    for (const line of [
      'x{l="a"b"} 1',
      'x{l="a\nb"} 1',
      'x{l="\\q"} 1',
      'x NaN',
      'x{l="a" 1',
      '1x 1',
    ])
      assert.throws(() => parseMetrics(`# TYPE x gauge\n${line}\n`), assert.AssertionError, line);
    const shrinking =
      '# TYPE x histogram\nx_bucket{le="1"} 2\nx_bucket{le="+Inf"} 1\nx_sum 1\nx_count 1\n';
    assert.throws(() => parseMetrics(shrinking), /go down/);
  });

  it('in OpenMetrics names counters without their ending, and closes', async () => {
    const metrics = makeMetrics();
    metrics.counter('skein_redeliveries_total').add(2);
    const text = await metrics.expose('openmetrics');
    assert.match(text, /^# TYPE skein_redeliveries counter\nskein_redeliveries_total 2$/m);
    assert.ok(text.endsWith('\n# EOF\n'));
    assert.doesNotMatch(await metrics.expose('prometheus'), /EOF/);
  });

  it('is what the Accept header prefers', () => {
    const open = 'application/openmetrics-text';
    for (const [accept, format] of [
      ['', 'prometheus'],
      ['*/*', 'prometheus'],
      [open, 'openmetrics'],
      [`${open};version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1`, 'openmetrics'],
      [`${open};q=0.2, text/plain;q=0.9`, 'prometheus'],
      [`${open};version=0.0.1,text/plain;q=0.1`, 'prometheus'],
      [`${open};q=0`, 'prometheus'],
    ] as const) {
      assert.equal(chooseFormat(accept), format, accept);
      assert.match(CONTENT_TYPES[format], /charset=utf-8$/);
    }
  });
});

describe('the table', () => {
  it('names metrics as Prometheus wants them', () => {
    for (const [name, row] of Object.entries<MetricRow>(METRICS)) {
      assert.match(name, /^skein_[a-z][a-z0-9_]*[a-z0-9]$/);
      assert.equal(name.endsWith('_total'), row.type === 'counter', name);
      assert.match(row.help, /\.$/, name);
      for (const label of row.labels) assert.match(label, /^[a-z]+$/, name);
      assert.ok(!row.labels.some((each) => ['le', 'quantile'].includes(each)), name);
      const bounds = row.buckets ?? [];
      assert.equal(bounds.length > 0, row.type === 'histogram', name);
      assert.deepEqual(
        bounds,
        bounds.toSorted((a, b) => a - b),
        name,
      );
    }
  });
});
