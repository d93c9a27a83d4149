/** What a real node says of itself, to whom, and that reading it changes and opens nothing. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { newCommandId } from '#cli/new-id.ts';
import { measureProcess } from '#daemon/metrics/process-metrics.ts';
import { watchLedger } from '#daemon/metrics/watch-ledger.ts';
import type { Ledger } from '#ledger/ledger.ts';
import { makeMetrics, type Metrics } from '#telemetry/metrics.ts';
import { openTestApi } from '../support/api-door.ts';
import { human, note } from '../support/test-ledger.ts';
import { parseMetrics, type ReadSample } from './parse-metrics.ts';
import { ask, openNode, scrape, valueOf, type TestNode } from './running-node.ts';

const read = async (metrics: Metrics): Promise<readonly ReadSample[]> =>
  parseMetrics(await metrics.expose('prometheus')).samples;

describe('/metrics of a node', () => {
  let test: TestNode;
  before(async () => {
    test = await openNode();
  });
  after(() => test.close());

  it('wants the token, and counts who had none', async () => {
    const refused = await ask(test.paths.socket, '/metrics', {});
    assert.equal(refused.status, 401);
    assert.doesNotMatch(refused.body, /skein_/);
    const samples = await scrape(test.paths.socket, test.token);
    const labels = { method: 'GET', route: '/metrics', status: '401' };
    assert.equal(valueOf(samples, 'skein_http_requests_total', labels), 1);
  });

  it('names routes by their pattern, and what is no route "other"', async () => {
    const headers = { authorization: `Bearer ${test.token}` };
    for (const path of ['/v1/entities/task', '/v1/entities/mission', '/v1/nowhere/ada', '/secret'])
      await ask(test.paths.socket, path, headers);
    const samples = await scrape(test.paths.socket, test.token);
    const requests = samples.filter(({ name }) => name === 'skein_http_requests_total');
    const count = (route: string, status: string): number | undefined =>
      valueOf(requests, 'skein_http_requests_total', { route, status });
    assert.equal(count('/v1/entities/:kind', '200'), 2);
    assert.equal(count('other', '404'), 2);
    assert.doesNotMatch(JSON.stringify(samples), /ada|secret"/);
    const measured = valueOf(samples, 'skein_http_request_duration_seconds_count', {
      route: 'other',
    });
    assert.equal(measured, 2);
  });

  it('says what runs, and nothing of what does not: no bus, no other nodes, no record', async () => {
    const samples = await scrape(test.paths.socket, test.token);
    assert.equal(valueOf(samples, 'skein_node_info', { runtime: process.versions.node }), 1);
    assert.ok((valueOf(samples, 'skein_process_resident_bytes') ?? 0) > 1e7);
    assert.equal(valueOf(samples, 'skein_spaces', { state: 'open' }), 0);
    for (const name of [
      'skein_missions',
      'skein_leases_held',
      'skein_events_total',
      'skein_sync_bytes_total',
    ])
      assert.equal(valueOf(samples, name), undefined, name);
    const failures = samples.filter(({ name }) => name === 'skein_metrics_collect_failures_total');
    assert.ok(failures.length > 3 && failures.every(({ value }) => value === 0));
  });

  it('is OpenMetrics for who asks', async () => {
    const headers = {
      authorization: `Bearer ${test.token}`,
      accept: 'application/openmetrics-text',
    };
    const { type, body } = await ask(test.paths.socket, '/metrics', headers);
    assert.match(type, /^application\/openmetrics-text/);
    assert.ok(body.endsWith('# EOF\n'));
  });
});

describe('a ledger that is measured', () => {
  it('counts commands by outcome, and readers until they leave or stop asking', async () => {
    const api = await openTestApi();
    const metrics = makeMetrics();
    let changes = 0;
    const ledger = watchLedger(api.ledger, {
      metrics,
      monotonicMs: () => performance.now(),
      changed: () => (changes += 1),
    });
    const readers = async (): Promise<number | undefined> =>
      valueOf(await read(metrics), 'skein_subscribers');
    try {
      const command = { id: newCommandId(), name: 'note.record', input: note('x') };
      await ledger.execute(command, human);
      await ledger.execute(command, human);
      await assert.rejects(
        ledger.execute({ ...command, id: newCommandId(), name: 'no.such' }, human),
      );
      const samples = await read(metrics);
      for (const outcome of ['stored', 'repeated', 'refused'])
        assert.equal(
          valueOf(samples, 'skein_append_duration_seconds_count', { outcome }),
          1,
          outcome,
        );
      assert.equal(changes, 1);
      for await (const page of ledger.subscribe({ after: 0, follow: false })) {
        assert.ok(page.length > 0);
        assert.equal(await readers(), 1);
      }
      assert.equal(await readers(), 0);
      await assertLeaves(ledger, readers);
    } finally {
      await api.close();
    }
  });
});

/** One that has taken a page and then only aborts, as the API does with a stalled reader. */
async function assertLeaves(
  ledger: Ledger,
  readers: () => Promise<number | undefined>,
): Promise<void> {
  const stop = new AbortController();
  const pages = ledger.subscribe({ after: 0, follow: true, signal: stop.signal });
  const iterator = pages[Symbol.asyncIterator]();
  await iterator.next();
  assert.equal(await readers(), 1);
  stop.abort();
  assert.equal(await readers(), 0);
  await iterator.return?.();
  assert.equal(await readers(), 0);
}

describe('the delay of the event loop', () => {
  it('is how late a timer is, sample for sample, until it is ended', async () => {
    const metrics = makeMetrics();
    let nowMs = 0;
    let due: (() => void) | undefined;
    const end = measureProcess(metrics, {
      node: 'ab',
      version: '1',
      now: () => 1_000_000,
      monotonicMs: () => nowMs,
      later: (ms, callback) => {
        assert.equal(ms, 100);
        due = callback;
        return () => (due = undefined);
      },
    });
    for (const late of [0, 3, 700]) {
      nowMs += 100 + late;
      due?.();
    }
    const samples = await read(metrics);
    const atMost = (le: string): number | undefined =>
      valueOf(samples, 'skein_event_loop_delay_seconds_bucket', { le });
    assert.deepEqual(['0.001', '0.005', '0.5', '1.0'].map(atMost), [1, 2, 2, 3]);
    assert.equal(valueOf(samples, 'skein_event_loop_delay_seconds_sum'), 0.703);
    end();
    assert.equal(due, undefined);
  });
});
