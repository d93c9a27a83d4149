/** Metrics on a TCP address: only what the operator asked for, only to be read, only metrics. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { serveMetrics, type MetricsServer } from '#daemon/metrics/serve-metrics.ts';
import { makeMetrics, type Metrics } from '#telemetry/metrics.ts';
import { parseMetrics } from './parse-metrics.ts';

const servers: MetricsServer[] = [];
after(async () => {
  for (const server of servers) await server.close();
});

async function serve(metrics: Metrics, address = '127.0.0.1:0'): Promise<MetricsServer> {
  const server = await serveMetrics(address, metrics);
  servers.push(server);
  return server;
}

describe('metrics on an address', () => {
  it('are told without a token, in the format that is asked for', async () => {
    const metrics = makeMetrics();
    metrics.counter('skein_redeliveries_total').add(3);
    const { url } = await serve(metrics);
    const plain = await fetch(url);
    assert.equal(plain.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    const { samples } = parseMetrics(await plain.text());
    assert.ok(
      samples.some(({ name, value }) => name === 'skein_redeliveries_total' && value === 3),
    );
    const open = await fetch(url, { headers: { accept: 'application/openmetrics-text' } });
    assert.match(
      open.headers.get('content-type') ?? '',
      /^application\/openmetrics-text; version=1/,
    );
    assert.match(await open.text(), /# EOF\n$/);
  });

  it('are all that is there, and can only be read', async () => {
    const { url } = await serve(makeMetrics());
    for (const path of ['/', '/metrics/', '/v1/status', '/metrics%00', '//metrics'])
      assert.equal((await fetch(new URL(url).origin + path)).status, 404, path);
    for (const method of ['POST', 'PUT', 'DELETE'])
      assert.equal((await fetch(url, { method })).status, 405, method);
    const head = await fetch(`${url}?name=x`, { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(await head.text(), '');
  });

  it('do not say what went wrong', async () => {
    const broken: Metrics = {
      ...makeMetrics(),
      expose: () => Promise.reject(new Error('/home/ada')),
    };
    const response = await fetch((await serve(broken)).url);
    assert.equal(response.status, 500);
    assert.doesNotMatch(await response.text(), /ada/);
  });

  it('are gone when the server is closed, whoever is connected', async () => {
    const server = await serveMetrics('127.0.0.1:0', makeMetrics());
    await (await fetch(server.url)).text();
    await server.close();
    await assert.rejects(fetch(server.url));
  });
});

describe('an address', () => {
  it('must name host and port', async () => {
    for (const address of [
      '',
      '9464',
      ':9464',
      '127.0.0.1',
      '127.0.0.1:',
      '127.0.0.1:65536',
      '::1:9464',
      '[x]:1',
      'http://a:1',
      'a b:1',
    ])
      await assert.rejects(serveMetrics(address, makeMetrics()), { name: 'usage' }, address);
  });

  it('that is taken is refused with its reason', async () => {
    const { url } = await serve(makeMetrics());
    const taken = new URL(url).host;
    await assert.rejects(serveMetrics(taken, makeMetrics()), (error: Error) => {
      assert.match(error.message, /^Cannot serve metrics at .*: the port is in use$/);
      return true;
    });
  });
});
