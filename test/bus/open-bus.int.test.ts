/** One function opens every carrier, what a carrier needs is loaded with it, and strangers are not believed. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { NODE_TIMERS } from '#bus/conformance/open-memory.ts';
import { listen, makeMessage, refuses, until } from '#bus/conformance/stage.ts';
import { connectNats } from '#bus/nats/nats-options.ts';
import { openBus, type BusCarrier } from '#bus/open-bus.ts';
import { encodeFrame, MAX_FRAME_BYTES } from '#bus/wire-frame.ts';
import type { SkeinError } from '#protocol/errors.ts';
import { topicSubject } from '#protocol/subjects.ts';
import { skipWithoutNats, startNats, type NatsServer } from './nats-server.ts';
import { openSocket, unixWire } from './open-socket.ts';
import { openNats } from './open-nats.ts';

const TOPIC = topicSubject('open', 'a');
const LIMIT = { limitMs: 60_000 };
const ROOT = join(import.meta.dirname, '../..');

async function carries(carrier: BusCarrier): Promise<void> {
  const reported: SkeinError[] = [];
  const bus = await openBus(carrier, {
    ...NODE_TIMERS,
    report: (error) => void reported.push(error),
  });
  const heard = listen(bus, TOPIC);
  await bus.publish(makeMessage(TOPIC, 1));
  await until(LIMIT, 'its own message', () => heard.bodies.length === 1);
  await bus.close();
  await refuses(() => bus.publish(makeMessage(TOPIC, 1)), 'bus-closed');
  assert.deepEqual(reported, []);
}

async function start(context: TestContext): Promise<NatsServer> {
  const server = await startNats();
  context.after(() => server.stop());
  return server;
}

describe('the bus', () => {
  it('is opened in memory and over a socket', async (context) => {
    await carries({ type: 'memory' });
    const opened = await openSocket(unixWire());
    context.after(() => opened.close());
    await carries({ type: 'socket', link: await opened.dial() });
  });

  it('is opened over NATS', { skip: skipWithoutNats }, async (context) => {
    const server = await start(context);
    await carries({ type: 'nats', servers: [server.address] });
  });

  it('loads the client of NATS and ws when they are needed, not before', () => {
    const modulesOf = (code: string): string =>
      execFileSync(
        process.execPath,
        [
          '--input-type=module',
          '-e',
          `import { registerHooks } from 'node:module';
           registerHooks({ load: (url, context, next) => {
             if (/node_modules/.test(url)) console.log(url);
             return next(url, context);
           } });
           ${code}`,
        ],
        { cwd: ROOT, encoding: 'utf8' },
      );
    const open = `const { openBus } = await import('#bus/open-bus.ts');
      const around = { soon: setImmediate, after: () => () => {}, report: () => {} };`;
    const memory = modulesOf(`${open} await openBus({ type: 'memory' }, around);`);
    assert.doesNotMatch(memory, /nats|\/ws\//);
    const nats = modulesOf(
      `${open} await openBus({ type: 'nats', servers: ['127.0.0.1:1'] }, around).catch(() => {});`,
    );
    assert.match(nats, /@nats-io\/transport-node/);
    const types = modulesOf(`await import('#bus/socket/frame-link.ts');
      await import('#bus/socket/serve-bus.ts');`);
    assert.doesNotMatch(types, /\/ws\//);
  });
});

describe('a stranger on NATS', { skip: skipWithoutNats }, () => {
  it('who sends what is no message is reported, and nobody handles it', async (context) => {
    const server = await start(context);
    const { bus, reported, close } = await openNats([server.address]);
    context.after(close);
    const heard = listen(bus, TOPIC);
    const stranger = await connectNats({ servers: [server.address] });
    context.after(() => stranger.close());
    await bus.publish(makeMessage(TOPIC, 'first'));
    const good = { id: 'i', subject: TOPIC, from: 'agent:a', sentAt: 'now' };
    const wrong = [
      '',
      'no frame',
      '[]\n1',
      'null\n1',
      encodeFrame({ ...good, subject: topicSubject('other', 'a') }, '1'),
      encodeFrame({ ...good, subject: 'skein.open' }, '1'),
      encodeFrame({ ...good, id: 7 }, '1'),
      encodeFrame({ ...good, from: 'x'.repeat(129) }, '1'),
      encodeFrame(good, 'x'.repeat(MAX_FRAME_BYTES)),
      encodeFrame(good, '{'),
    ];
    for (const text of wrong) stranger.publish(TOPIC, text);
    stranger.publish(TOPIC, encodeFrame({ ...good, extra: 1 }, '"right"'));
    await until(LIMIT, 'the right one', () => heard.bodies.includes('right'));
    await until(LIMIT, 'the reports', () => reported().length === wrong.length);
    assert.deepEqual(heard.bodies, ['first', 'right']);
  });

  it('who answers with what is no answer is no answer', async (context) => {
    const server = await start(context);
    const { bus, close } = await openNats([server.address]);
    context.after(close);
    const stranger = await connectNats({ servers: [server.address] });
    context.after(() => stranger.close());
    const answers = [
      '',
      'no frame',
      encodeFrame({ type: 'x' }),
      encodeFrame({ type: 'value' }, '{'),
    ];
    let next = 0;
    stranger.subscribe(`${TOPIC}.ready`, {
      callback: (_error, message) => void message.respond(answers[next++] ?? ''),
    });
    await stranger.flush();
    for (const answer of answers) {
      await assert.rejects(
        bus.request(makeMessage(TOPIC, 1), 60_000),
        { name: 'message-invalid' },
        answer,
      );
    }
  });
});
