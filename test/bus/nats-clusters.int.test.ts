/** Several NATS servers: one dies under traffic, a branch is cut off, a consumer freezes. */
import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, it, type TestContext } from 'node:test';
import { counted, listen, makeMessage, until, type Listener } from '#bus/conformance/stage.ts';
import type { NatsBus } from '#bus/nats/nats-bus.ts';
import { roleSubject, topicSubject } from '#protocol/subjects.ts';
import { startProxy } from './cut-proxy.ts';
import { freePort, skipWithoutNats, startNats, type NatsServer } from './nats-server.ts';
import { openNats } from './open-nats.ts';

const TOPIC = topicSubject('clusters', 'a');
const LIMIT = { limitMs: 60_000 };

async function start(context: TestContext, config: string, port?: number): Promise<NatsServer> {
  const server = await startNats(config, port);
  context.after(() => server.stop());
  return server;
}

async function join3(context: TestContext): Promise<NatsServer[]> {
  const routes = await Promise.all(counted(3).map(() => freePort()));
  const all = routes.map((port) => `nats://127.0.0.1:${port}`).join(', ');
  return Promise.all(
    routes.map((port, index) =>
      start(
        context,
        `server_name: s${index}\ncluster { name: c, listen: "127.0.0.1:${port}", routes: [${all}] }`,
      ),
    ),
  );
}

async function enter(context: TestContext, servers: readonly NatsServer[]): Promise<NatsBus> {
  const { bus, close } = await openNats(servers.map(({ address }) => address));
  context.after(close);
  return bus;
}

/** Sends until `to` hears it: the way is open. */
async function open(from: NatsBus, to: NatsBus): Promise<void> {
  const subject = topicSubject('clusters', `way-${Math.round(performance.now() * 1_000)}`);
  const { bodies, subscription } = listen(to, subject);
  await until(LIMIT, 'the way', () => {
    from.publish(makeMessage(subject, 0)).catch(() => undefined);
    return bodies.length > 0;
  });
  subscription.close();
}

/** Sends 0, 1, 2 ... one after the other until `stop`; answers how many, and which were uncertain. */
function chatter(bus: NatsBus): { stop: () => Promise<{ sent: number; uncertain: number[] }> } {
  const state = { going: true };
  const uncertain: number[] = [];
  const talk = async (): Promise<{ sent: number; uncertain: number[] }> => {
    let sent = 0;
    for (; state.going; sent += 1) {
      await bus.publish(makeMessage(TOPIC, sent)).catch(() => uncertain.push(sent));
      await turn();
    }
    return { sent, uncertain };
  };
  const done = talk();
  return {
    stop: () => {
      state.going = false;
      return done;
    },
  };
}

const isAscending = ({ bodies }: Listener): boolean =>
  bodies.every((body, index) => index === 0 || Number(body) > Number(bodies[index - 1]));

describe('a cluster of three', { skip: skipWithoutNats }, () => {
  it('loses a server under traffic: nothing twice, nothing out of order, all again after', async (context) => {
    const [first, second, third] = (await join3(context)) as [NatsServer, NatsServer, NatsServer];
    // The sender and one listener stand at the server that dies, another listener does not.
    const sender = await enter(context, [first]);
    const [near, far] = [await enter(context, [first]), await enter(context, [third])];
    await open(sender, far);
    const heard = [near, far].map((bus) => listen(bus, TOPIC, { maxWaiting: 100_000 }));
    await Promise.all([open(sender, near), open(sender, far)]);
    const talk = chatter(sender);
    await until(LIMIT, 'the first 200', () => heard.every(({ bodies }) => bodies.length > 200));
    await first.kill();
    // It told its clients of the others: they go there.
    await until(LIMIT, 'the other servers', () => sender.connected() && near.connected());
    const before = heard.map(({ bodies }) => bodies.length);
    await until(LIMIT, 'traffic again', () =>
      heard.every(({ bodies }, index) => bodies.length > (before[index] ?? 0) + 200),
    );
    await first.start();
    await second.kill();
    await third.kill();
    await Promise.all([second.start(), third.start()]);
    await until(LIMIT, 'all again', () => [sender, near, far].every((bus) => bus.connected()));
    await Promise.all([open(sender, near), open(sender, far)]);
    const { sent, uncertain } = await talk.stop();
    context.diagnostic(`${sent} sent, ${uncertain.length} uncertain`);
    for (const listener of heard) assert.ok(isAscending(listener), 'twice, or out of order');
    for (const body of counted(200)) await sender.publish(makeMessage(TOPIC, sent + body));
    await until(LIMIT, 'the last', () => heard.every(({ bodies }) => bodies.at(-1) === sent + 199));
    for (const { bodies } of heard)
      assert.deepEqual(
        bodies.slice(-200),
        counted(200).map((body) => sent + body),
      );
  });

  it('asks one responder, wherever it stands, and deals out to a group once', async (context) => {
    const servers = await join3(context);
    const buses = await Promise.all(servers.map((server) => enter(context, [server])));
    const [asker, ...others] = buses as [NatsBus, NatsBus, NatsBus];
    await Promise.all(others.map((bus) => open(asker, bus)));
    const role = roleSubject('clusters', 'coder');
    const handled: unknown[] = [];
    for (const bus of others)
      for (const options of [{}, { group: 'coder' }])
        bus.subscribe(role, ({ body }) => handled.push(body) && body, options);
    await Promise.all(others.map((bus) => open(asker, bus)));
    for (const body of counted(50))
      assert.equal(await asker.request(makeMessage(role, body), 60_000), body);
    assert.deepEqual(handled, counted(50));
    handled.length = 0;
    for (const body of counted(50)) await asker.publish(makeMessage(role, body));
    // Two alone, and one group: three of each.
    await until(LIMIT, 'all messages', () => handled.length >= 150);
    await Promise.all(others.map((bus) => open(asker, bus)));
    assert.equal(handled.length, 150);
  });
});

describe('a leaf', { skip: skipWithoutNats }, () => {
  it('goes on alone while it is cut off, and is joined again', async (context) => {
    const leafPort = await freePort();
    const proxy = await startProxy(leafPort);
    context.after(() => proxy.close());
    // Without `advertise` the leaf would learn the address of the hub and go round the proxy.
    const hub = await start(
      context,
      `server_name: hub\nleafnodes { listen: "127.0.0.1:${leafPort}", advertise: "127.0.0.1:${proxy.port}" }`,
    );
    const leaf = await start(
      context,
      `server_name: leaf\nleafnodes { reconnect: 1, remotes: [ { url: "nats://127.0.0.1:${proxy.port}" } ] }`,
    );
    const [up, down, beside] = [
      await enter(context, [hub]),
      await enter(context, [leaf]),
      await enter(context, [leaf]),
    ];
    await Promise.all([open(down, up), open(up, down)]);
    assert.ok(proxy.open() > 0, 'it goes through the proxy');
    const [above, below] = [listen(up, TOPIC), listen(beside, TOPIC)];
    await Promise.all([open(down, up), open(down, beside)]);
    await down.publish(makeMessage(TOPIC, 'joined'));
    await until(LIMIT, 'the first', () => above.bodies.length + below.bodies.length === 2);
    proxy.cut();
    await until(LIMIT, 'the cut', () => proxy.open() === 0);
    // Who is at the leaf hears it, the hub does not; and nobody is kept waiting.
    for (const body of counted(100)) await down.publish(makeMessage(TOPIC, body));
    await until(LIMIT, 'all at the leaf', () => below.bodies.length === 101);
    assert.deepEqual(above.bodies, ['joined']);
    await assert.rejects(down.request(makeMessage(topicSubject('clusters', 'none'), 1), 60_000), {
      name: 'no-responder',
    });
    proxy.heal();
    await Promise.all([open(down, up), open(up, down)]);
    await down.publish(makeMessage(TOPIC, 'joined again'));
    await until(LIMIT, 'the last', () => above.bodies.at(-1) === 'joined again');
    // The bus keeps nothing: what was said meanwhile did not come. Who needs it records it first.
    assert.deepEqual(above.bodies, ['joined', 'joined again']);
  });
});

describe('a process that is frozen', { skip: skipWithoutNats }, () => {
  const member = async (context: TestContext, ...words: string[]): Promise<ChildProcess> => {
    const child = fork(join(import.meta.dirname, 'frozen-member.ts'), words);
    context.after(() => void child.kill('SIGKILL'));
    for (;;) {
      const [word] = (await once(child, 'message')) as [unknown];
      if (word === 'listening') return child;
    }
  };

  it('slows nobody, and is passed over when its server notices', async (context) => {
    const server = await start(context, 'ping_interval: "300ms"\nping_max: 1\ndebug: true');
    const bus = await enter(context, [server]);
    const role = roleSubject('clusters', 'coder');
    const lone = await member(context, server.address, TOPIC);
    const grouped = await member(context, server.address, role, 'coder');
    const heard = listen(bus, TOPIC, { maxWaiting: 5_000 });
    const done = listen(bus, role, { group: 'coder' });
    await open(bus, bus);
    lone.kill('SIGSTOP');
    grouped.kill('SIGSTOP');
    for (const body of counted(2_000)) await bus.publish(makeMessage(TOPIC, body));
    await until(LIMIT, 'all at the other', () => heard.bodies.length === 2_000);
    // Until the server has noticed, its share of the group's work goes to the frozen one.
    const noticed = (): number => (server.log().match(/Stale Client Connection/g) ?? []).length;
    await until(LIMIT, 'the server to notice both', () => noticed() >= 2);
    const before = done.bodies.length;
    for (const body of counted(100)) await bus.publish(makeMessage(role, body));
    await until(LIMIT, 'all of the work', () => done.bodies.length === before + 100);
    assert.deepEqual(done.bodies.slice(before), counted(100));
  });
});
