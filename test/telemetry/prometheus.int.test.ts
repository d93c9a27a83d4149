/** The real Prometheus takes our page in both formats, our queries, and the configuration we ship. */
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { serveMetrics, type MetricsServer } from '#daemon/metrics/serve-metrics.ts';
import { METRICS, type MetricName, type MetricRow } from '#telemetry/metric-names.ts';
import { makeMetrics, type Metrics } from '#telemetry/metrics.ts';
import { ROOT } from '../house/source-files.ts';
import { DASHBOARD, filledIn, problemsOf, queriesOf, type Dashboard } from './dashboard-queries.ts';
import { openNode, type TestNode } from './running-node.ts';

const LIMIT_MS = 60_000;

const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;
const skip =
  has('promtool') && has('prometheus')
    ? false
    : 'Prometheus is not installed: apt-get install --no-install-recommends prometheus';

const folder = mkdtempSync(join(tmpdir(), 'skein-prometheus-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Judged {
  readonly status: number | null;
  readonly output: string;
}

function promtool(args: readonly string[], input = ''): Judged {
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

/** A registry in which every metric of the table has a series with awkward labels. */
function everything(): Metrics {
  const metrics = makeMetrics();
  for (const [name, { type, labels }] of Object.entries<MetricRow>(METRICS)) {
    const given =
      labels.length === 0 ? [] : [Object.fromEntries(labels.map((label) => [label, 'a "b"\\\n']))];
    if (type === 'counter') metrics.counter(name as never).add(1, ...(given as []));
    if (type === 'gauge') metrics.gauge(name as never).set(-1.5, ...(given as []));
    if (type === 'histogram') metrics.histogram(name as never).observe(0.02, ...(given as []));
  }
  return metrics;
}

describe('promtool', { skip }, () => {
  it('finds no fault in the page of every metric', async () => {
    const text = await everything().expose('prometheus');
    for (const name of Object.keys(METRICS)) assert.ok(text.includes(`# TYPE ${name} `), name);
    assert.deepEqual(promtool(['check', 'metrics'], text), { status: 0, output: '' });
  });

  it('finds one where there is one', () => {
    const bad = (text: string): number | null => promtool(['check', 'metrics'], text).status;
    assert.notEqual(bad('# HELP a_seconds x\n# TYPE a_seconds gauge\na_seconds{l="x"y"} 1\n'), 0);
    assert.notEqual(bad('# HELP skein_x X.\n# TYPE skein_x counter\nskein_x 1\n'), 0);
  });

  it('takes every query of the dashboard, and not a broken one', () => {
    const dashboard = JSON.parse(readFileSync(join(ROOT, DASHBOARD), 'utf8')) as Dashboard;
    const expressions = queriesOf(dashboard)
      .map(({ expression }) => filledIn(expression))
      .filter((expression) => !expression.startsWith('label_values('));
    assert.ok(expressions.length > 40);
    assert.equal(checkRules(expressions).status, 0, checkRules(expressions).output);
    assert.notEqual(checkRules([...expressions, 'sum by (rate(skein_tasks))']).status, 0);
  });

  it('takes the alerts of the guide', () => {
    const guide = readFileSync(join(ROOT, 'docs/guides/metrics.md'), 'utf8');
    const alerts = Array.from(
      guide.matchAll(/^\| `([^`]+)` +\| [^|]+\|$/gmu),
      ([, expr = '']) => expr,
    );
    assert.ok(alerts.length >= 5);
    const problems = alerts.flatMap((expression) =>
      problemsOf({
        title: 'alert',
        expression: expression.replace(/^up\{job="skein"\}/, 'skein_node_info'),
        legend: '',
      }),
    );
    assert.deepEqual(problems, []);
    assert.equal(checkRules(alerts).status, 0, checkRules(alerts).output);
  });

  it('takes the configuration that we ship', () => {
    const judged = promtool(['check', 'config', join(ROOT, 'deploy/prometheus/prometheus.yml')]);
    assert.equal(judged.status, 0, judged.output);
  });
});

function checkRules(expressions: readonly string[]): Judged {
  const rules = expressions.map((expr, index) => ({ record: `test:rule${index}`, expr }));
  const file = join(folder, 'rules.json');
  // YAML reads JSON.
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'test', rules }] }));
  return promtool(['check', 'rules', file]);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

interface Result {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

describe('Prometheus', { skip }, () => {
  let test: TestNode;
  const servers: MetricsServer[] = [];
  let child: ChildProcess;
  let origin = '';

  const query = async (expression: string): Promise<readonly Result[]> => {
    const address = `${origin}/api/v1/query?query=${encodeURIComponent(expression)}`;
    const response = await fetch(address).catch(() => undefined);
    if (response?.ok !== true) return [];
    return ((await response.json()) as { data: { result: readonly Result[] } }).data.result;
  };

  /** Asks until there is an answer; Prometheus scrapes once a second. */
  const answerTo = async (expression: string): Promise<readonly Result[]> => {
    const deadline = performance.now() + LIMIT_MS;
    for (;;) {
      const results = await query(expression);
      if (results.length > 0) return results;
      assert.ok(performance.now() < deadline, `waited in vain for ${expression}`);
      await sleep(50);
    }
  };

  before(async () => {
    test = await openNode();
    servers.push(await serveMetrics('127.0.0.1:0', test.node.metrics));
    servers.push(await serveMetrics('127.0.0.1:0', everything()));
    const targets = servers.map(({ url }) => new URL(url).host);
    const port = await freePort();
    origin = `http://127.0.0.1:${port}`;
    const file = join(folder, 'prometheus.yml');
    const scrape = { job_name: 'skein', static_configs: [{ targets }] };
    const global = { scrape_interval: '1s' };
    writeFileSync(file, JSON.stringify({ global, scrape_configs: [scrape] }));
    const data = `--storage.tsdb.path=${join(folder, 'data')}`;
    const args = [`--config.file=${file}`, data, `--web.listen-address=127.0.0.1:${port}`];
    child = spawn('prometheus', args, { stdio: 'ignore' });
  });
  after(async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
    for (const server of servers) await server.close();
    await test.close();
  });

  it('reads a real node, and both of the pages without an error', async () => {
    const [info] = await answerTo('skein_node_info{runtime=~"26.*"}');
    assert.equal(info?.value[1], '1');
    assert.equal(info?.metric['node']?.length, 8);
    const up = await answerTo('sum(up == 1) == 2');
    assert.equal(up[0]?.value[1], '2');
  });

  it('has every metric of the table, with labels as they were', async () => {
    for (const [name, { type, labels }] of Object.entries<MetricRow>(METRICS)) {
      const suffix = type === 'histogram' ? '_count' : '';
      const wanted = labels.map((label) => `${label}=${JSON.stringify('a "b"\\\n')}`).join(',');
      await answerTo(`${name as MetricName}${suffix}{${wanted}}`);
    }
    assert.deepEqual(await query('skein_tasks{status="nobody"}'), []);
  });
});
