/** A NATS server dies, freezes and comes back: what waits, what is refused, and what is never claimed. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import {
  counted,
  listen,
  listenStuck,
  makeMessage,
  refuses,
  sendNumbers,
  until,
} from '#bus/conformance/stage.ts';
import type { NatsBus, NatsBusOptions } from '#bus/nats/nats-bus.ts';
import { MAX_AWAY } from '#bus/nats/nats-link.ts';
import { connectNats } from '#bus/nats/nats-options.ts';
import { topicSubject } from '#protocol/subjects.ts';
import { skipWithoutNats, startNats, type NatsServer } from './nats-server.ts';
import { openNats, type OpenedNats } from './open-nats.ts';

const TOPIC = topicSubject('outages', 'a');
const LIMIT = { limitMs: 60_000 };

interface Scene extends OpenedNats {
  readonly server: NatsServer;
  readonly sender: NatsBus;
}

async function open(context: TestContext, options: Partial<NatsBusOptions> = {}): Promise<Scene> {
  const server = await startNats();
  const opened = await openNats([server.address], options);
  context.after(async () => {
    await opened.close();
    await server.stop();
  });
  return { ...opened, server, sender: await opened.connect() };
}

const away = (bus: NatsBus): Promise<void> => until(LIMIT, 'the end', () => !bus.connected());
const back = (bus: NatsBus): Promise<void> => until(LIMIT, 'the return', () => bus.connected());

describe('while the NATS server is away', { skip: skipWithoutNats }, () => {
  it('messages wait, bounded, and arrive in their order when it is back', async (context) => {
    const { bus, server } = await open(context);
    // On the connection that sends: another may be back later, and miss the first of them.
    const heard = listen(bus, TOPIC, { maxWaiting: 5_000 });
    bus.subscribe(topicSubject('outages', 'ask'), ({ body }) => body);
    await bus.publish(makeMessage(TOPIC, 'before'));
    await server.kill();
    await away(bus);
    const sent = sendNumbers(bus, TOPIC, MAX_AWAY - 1);
    const asked = bus.request(makeMessage(topicSubject('outages', 'ask'), 'asked'), 60_000);
    const tooMuch = bus.publish(makeMessage(TOPIC, 'too much'));
    await assert.rejects(tooMuch, { name: 'bus-disconnected', retryable: true });
    await server.start();
    await sent;
    assert.equal(await asked, 'asked');
    await bus.publish(makeMessage(TOPIC, 'after'));
    await until(LIMIT, 'the last', () => heard.bodies.includes('after'));
    assert.deepEqual(heard.bodies, ['before', ...counted(MAX_AWAY - 1), 'after']);
  });

  it('a client alone would lose what it sent, and call it sent', async (context) => {
    const { bus, server } = await open(context);
    const heard = listen(bus, TOPIC);
    const client = await connectNats({ servers: [server.address], reconnectWaitMs: 50 });
    await server.kill();
    await away(bus);
    client.publish(TOPIC, 'lost');
    await server.start();
    await back(bus);
    let flushed = false;
    await until(LIMIT, 'the return of the client', () => {
      client.flush().then(
        () => (flushed = true),
        () => undefined,
      );
      return flushed;
    });
    await bus.publish(makeMessage(TOPIC, 'after'));
    await until(LIMIT, 'the one after', () => heard.bodies.length === 1);
    assert.deepEqual(heard.bodies, ['after']);
    await client.close();
  });

  it('a subscription and a group made meanwhile work when it is back', async (context) => {
    const { bus, sender, server } = await open(context);
    await server.kill();
    await Promise.all([away(bus), away(sender)]);
    const [lone, member] = [listen(bus, TOPIC), listen(bus, TOPIC, { group: 'coders' })];
    await server.start();
    await Promise.all([back(bus), back(sender)]);
    await bus.publish(makeMessage(TOPIC, 'mine'));
    await sender.publish(makeMessage(TOPIC, 'after'));
    await until(LIMIT, 'both', () => lone.bodies.length === 2 && member.bodies.length === 2);
    assert.deepEqual(
      [lone.bodies, member.bodies],
      [
        ['mine', 'after'],
        ['mine', 'after'],
      ],
    );
  });

  it('a request ends in its time, and closing does not wait', async (context) => {
    const { bus, server } = await open(context);
    await server.kill();
    await away(bus);
    await refuses(() => bus.request(makeMessage(TOPIC, 1), 50), 'request-timeout');
    const waits = refuses(() => bus.publish(makeMessage(TOPIC, 1)), 'bus-closed');
    await bus.close();
    await waits;
  });

  it('that is frozen is noticed, and what was under way is called uncertain', async (context) => {
    const { bus, server } = await open(context, { pingIntervalMs: 100 });
    const heard = listen(bus, TOPIC);
    await bus.publish(makeMessage(TOPIC, 'before'));
    server.signal('SIGSTOP');
    const uncertain = async (): Promise<void> => {
      // It may stop a little later than it is told to.
      for (;;) await bus.publish(makeMessage(TOPIC, 'uncertain'));
    };
    await assert.rejects(uncertain(), { name: 'bus-disconnected', message: /whether/ });
    server.signal('SIGCONT');
    await back(bus);
    await bus.publish(makeMessage(TOPIC, 'after'));
    await until(LIMIT, 'the last', () => heard.bodies.includes('after'));
  });
});

describe('a group over NATS', { skip: skipWithoutNats }, () => {
  it('passes over a member of another connection that is full', async (context) => {
    const { bus, sender } = await open(context);
    const stuck = listenStuck(bus, TOPIC, { group: 'coders', maxWaiting: 3 });
    const quick = listen(sender, TOPIC, { group: 'coders' });
    await bus.publish(makeMessage(topicSubject('outages', 'b'), 'all is known'));
    await sendNumbers(sender, TOPIC, 200);
    await until(LIMIT, 'the others', () => quick.bodies.length >= 196);
    stuck.release();
    await until(LIMIT, 'all', () => quick.bodies.length + stuck.bodies.length === 200);
    assert.deepEqual(
      [...quick.bodies, ...stuck.bodies].toSorted((a, b) => Number(a) - Number(b)),
      counted(200),
    );
    assert.deepEqual([stuck.subscription.dropped(), quick.subscription.dropped()], [0, 0]);
  });

  it('of NATS alone would give it a share all the same', async (context) => {
    const { bus, server } = await open(context);
    const shares = [0, 0];
    const clients = [0, 1].map(async (index) => {
      const client = await connectNats({ servers: [server.address] });
      const callback = (): void => void (shares[index] = (shares[index] ?? 0) + 1);
      client.subscribe(TOPIC, { queue: 'coders', callback });
      await client.flush();
      return client;
    });
    const opened = await Promise.all(clients);
    await sendNumbers(bus, TOPIC, 200);
    await until(LIMIT, 'all', () => shares.reduce((sum, share) => sum + share) === 200);
    assert.ok(
      shares.every((share) => share > 10),
      `the shares are ${shares.join()}`,
    );
    for (const client of opened) await client.close();
  });

  it('whose members are all full drops, and counts it', async (context) => {
    const { bus, sender } = await open(context);
    const members = [bus, sender].map((each) =>
      listenStuck(each, TOPIC, { group: 'coders', maxWaiting: 5 }),
    );
    await bus.publish(makeMessage(topicSubject('outages', 'b'), 'all is known'));
    await sendNumbers(sender, TOPIC, 100);
    const dropped = (): number =>
      members.reduce((sum, { subscription }) => sum + subscription.dropped(), 0);
    await until(LIMIT, 'what is dropped', () => dropped() === 88);
    for (const { release } of members) release();
    await until(LIMIT, 'the rest', () => members.every(({ bodies }) => bodies.length === 6));
  });

  it('answers a request where there is room, whoever else listens', async (context) => {
    const { bus, sender } = await open(context);
    const stuck = listenStuck(bus, TOPIC, { maxWaiting: 1 });
    await bus.publish(makeMessage(TOPIC, 'at work'));
    await bus.publish(makeMessage(TOPIC, 'waiting'));
    await until(LIMIT, 'that it is full', () => stuck.subscription.waiting() === 1);
    sender.subscribe(TOPIC, ({ body }) => body);
    await sender.publish(makeMessage(topicSubject('outages', 'b'), 'it is known'));
    for (const body of counted(30))
      assert.equal(await bus.request(makeMessage(TOPIC, body), 60_000), body);
    stuck.release();
  });
});
