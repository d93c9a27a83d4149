/** The API without a socket: who may ask, what is refused in which form, and live events. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { newCommandId } from '#cli/new-id.ts';
import type { ErrorBody } from '#protocol/errors.ts';
import type { EventEnvelope } from '#protocol/event.ts';
import { openTestApi, TOKEN, type TestApi } from '../support/api-door.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

let api: TestApi;
before(async () => {
  api = await openTestApi();
});
after(() => api.close());

const headers = (more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  authorization: `Bearer ${TOKEN}`,
  ...more,
});

const submission = (mission: string): Record<string, unknown> => ({
  mission,
  goal: 'rename a to b',
  recipe: 'rename',
  base: 'a'.repeat(40),
  branch: null,
  options: { checks: [], merge: false, hooks: false, keepExports: false },
});

/** Submits a mission through the API; answers its id and the response. */
async function submit(more: Readonly<Record<string, string>> = {}): Promise<[string, Response]> {
  const id = newCommandId();
  const body = JSON.stringify({ id, input: submission(id), space: api.ledger.space });
  const init = { method: 'POST', headers: headers(more), body };
  return [id, await api.request('/v1/commands/mission.submit', init)];
}

const postBody = (body: string): Promise<Response> =>
  api.request('/v1/commands/mission.submit', { method: 'POST', headers: headers(), body });

async function assertProblem(
  response: Response,
  status: number,
  title: string,
): Promise<ErrorBody> {
  assert.equal(response.status, status);
  assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/u);
  const body = (await response.json()) as ErrorBody;
  assert.equal(body.title, title);
  assert.equal(body.status, status);
  assert.match(body.detail, /^Cannot /u);
  return body;
}

describe('who asks', () => {
  it('without a token, with a wrong one, or another scheme: 401', async () => {
    const tries = [{}, { authorization: 'Bearer wrong' }, { authorization: `Basic ${TOKEN}` }];
    for (const given of [...tries, { authorization: TOKEN }, { authorization: 'Bearer' }]) {
      const init = { headers: given as Record<string, string> };
      const problem = await assertProblem(
        await api.request('/v1/status', init),
        401,
        'unauthorized',
      );
      assert.match(problem.fix ?? '', /token/);
    }
  });

  it('also for routes that do not exist, so that nothing can be probed', async () => {
    await assertProblem(await api.request('/v1/nothing', { headers: {} }), 401, 'unauthorized');
  });

  it('has a twin: with the token it answers', async () => {
    const response = await api.request('/v1/status');
    assert.deepEqual([response.status, await response.json()], [200, { up: true }]);
  });
});

describe('what is asked', () => {
  it('an unknown route or kind: 404; a missing or unknown space: 400, 404', async () => {
    await assertProblem(await api.request('/v1/nothing'), 404, 'not-found');
    const kinds = await assertProblem(await api.request('/v1/entities/goose'), 404, 'not-found');
    assert.match(kinds.fix ?? '', /mission/);
    for (const kind of ['__proto__', 'constructor']) {
      await assertProblem(await api.request(`/v1/entities/${kind}`), 404, 'not-found');
    }
    for (const path of ['/v1/events', '/v1/blobs/abc']) {
      await assertProblem(await api.request(path), 400, 'usage');
      for (const space of ['0'.repeat(32), '../../etc']) {
        await assertProblem(await api.request(`${path}?space=${space}`), 404, 'not-found');
      }
    }
  });

  it('an event or a blob that is not here: 404', async () => {
    const { space } = api.ledger;
    const last = newCommandId();
    await assertProblem(
      await api.request(`/v1/events?space=${space}&after=${last}`),
      404,
      'not-found',
    );
    const blob = `/v1/blobs/${'0'.repeat(64)}?space=${space}`;
    await assertProblem(await api.request(blob), 404, 'blob-missing');
  });

  it('a body that is no command: 400, and nothing is recorded', async () => {
    const { events } = api.ledger.stats();
    const id = newCommandId();
    const versionFour = '6ba7b810-9dad-41d1-80b4-00c04fd430c8';
    const bodies = ['', '{', '[]', 'null', '{}', '{"id":7}', `{"id":"${versionFour}","input":{}}`];
    for (const body of [...bodies, `{"id":"${id}","input":{},"space":7}`]) {
      await assertProblem(await postBody(body), 400, 'usage');
    }
    const wrong = { id, input: { ...submission(id), goal: 7 } };
    assert.equal((await postBody(JSON.stringify(wrong))).status, 400);
    assert.equal(api.ledger.stats().events, events);
  });

  it('an unknown command: refused', async () => {
    const body = JSON.stringify({ id: newCommandId(), input: {} });
    const init = { method: 'POST', headers: headers(), body };
    await assertProblem(await api.request('/v1/commands/fly', init), 404, 'command-unknown');
  });

  it('a body over 1 MB: 413, whether its length is told or not', async () => {
    const large = JSON.stringify({ id: newCommandId(), input: 'x'.repeat(1_100_000) });
    const told = { 'content-length': String(large.length) };
    const init = { method: 'POST', headers: headers(told), body: large };
    const path = '/v1/commands/mission.submit';
    await assertProblem(await api.request(path, init), 413, 'payload-too-large');
    const body = new Blob([large]).stream();
    const streamed = { method: 'POST', headers: headers(), body, duplex: 'half' as const };
    await assertProblem(await api.request(path, streamed), 413, 'payload-too-large');
  });
});

describe('a command', () => {
  it('answers with its receipt; the same id again happens once', async () => {
    const [id, first] = await submit();
    assert.equal(first.status, 200);
    const receipt = (await first.json()) as { events: string[]; repeated: boolean };
    assert.deepEqual([receipt.events, receipt.repeated], [[id], false]);
    const again = await postBody(JSON.stringify({ id, input: submission(id) }));
    assert.equal(((await again.json()) as { repeated: boolean }).repeated, true);
  });

  it('carries the trace of its caller onto the event', async () => {
    const traceparent = `00-${TRACE}-00f067aa0ba902b7-01`;
    const [id] = await submit({ traceparent });
    const [plain] = await submit({ traceparent: 'not a trace' });
    const events = await eventsOf(`/v1/events?space=${api.ledger.space}`);
    const traced = events.find((event) => event.id === id);
    assert.equal(traced?.traceId, TRACE);
    assert.equal(traced?.parentSpanId, '00f067aa0ba902b7');
    assert.equal(traced?.actor, 'person:owner');
    assert.notEqual(events.find((event) => event.id === plain)?.traceId, TRACE);
  });

  it('decides only at the version that is expected', async () => {
    const id = newCommandId();
    const expect = { kind: 'mission', id, version: 3 };
    const refused = await postBody(JSON.stringify({ id, input: submission(id), expect }));
    assert.equal(refused.status, 409);
  });
});

describe('entities and events', () => {
  it('entities are found by id and by mission', async () => {
    const [id] = await submit();
    for (const query of [`id=${id}`, `mission=${id}`]) {
      const response = await api.request(`/v1/entities/mission?${query}`);
      const { entities } = (await response.json()) as { entities: { id: string; space: string }[] };
      assert.deepEqual(
        entities.map((entity) => [entity.id, entity.space]),
        [[id, api.ledger.space]],
      );
    }
  });

  it('events go on after the last one that a reader has', async () => {
    const all = await eventsOf(`/v1/events?space=${api.ledger.space}`);
    const [, second, third] = all;
    const rest = await eventsOf(`/v1/events?space=${api.ledger.space}&after=${second?.id}`);
    assert.equal(rest[0]?.id, third?.id);
    assert.equal(rest.length, all.length - 2);
  });

  it('events of one mission only', async () => {
    const [id] = await submit();
    const events = await eventsOf(`/v1/events?space=${api.ledger.space}&mission=${id}`);
    assert.deepEqual(
      events.map((event) => event.id),
      [id],
    );
  });

  it('a follower gets new events as they are committed, and keeps the node awake', async () => {
    const response = await api.request(`/v1/events?space=${api.ledger.space}&follow=1`);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const seen = await readUntil(reader, '"space.created"');
    assert.ok(!seen.includes('late bird'));
    assert.equal(api.inside(), 1);
    const [id] = await submit();
    await readUntil(reader, id);
    await reader.cancel();
    assert.equal(api.inside(), 0);
  });
});

async function eventsOf(path: string): Promise<EventEnvelope[]> {
  const lines = (await (await api.request(path)).text()).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as EventEnvelope);
}

async function readUntil(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  wanted: string,
): Promise<string> {
  let text = '';
  while (!text.includes(wanted)) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`The stream ended before ${wanted}`);
    text += Buffer.from(value).toString('utf8');
  }
  return text;
}
