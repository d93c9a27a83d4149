/** What the token of an agent opens: its own inbox and messages, and nothing else. */
import assert from 'node:assert/strict';
import { chmodSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { told } from '../support/run-skein.ts';
import { newId, openBusHome, type BusHome } from './bus-home.ts';

describe("an agent's token", () => {
  let home: BusHome;
  let bot: string;
  before(async () => {
    home = openBusHome();
    for (const name of ['bot', 'peer']) await home.ok('agents', 'add', name);
    bot = home.token('bot');
    await home.ok('send', 'peer', 'for peer alone');
  });

  const command = (name: string, input: object, token: string) =>
    home.ask({ path: `/v1/commands/${name}`, token, body: { id: newId(), input } });

  it('is in a file that only its owner may read', () => {
    const file = join(home.home, 'identity', 'agents', 'bot.token');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.notEqual(bot, home.token('peer'));
    assert.notEqual(bot, home.token());
  });

  it('sends in the name of the agent, whatever the body says', async () => {
    const body = { to: 'person', text: 'hi', actor: 'person:owner', from: 'person' };
    const sent = await command('message.send', body, bot);
    assert.equal(sent.status, 200, sent.body);
    const [letter] = await home.waiting('person');
    assert.match(letter?.from ?? '', /^bot@/u);
  });

  const forbidden: readonly (readonly [string, object])[] = [
    ['mission.approve', { mission: 'x' }],
    ['mission.submit', { goal: 'x' }],
    ['node.stop', {}],
    ['record.prune', {}],
    ['record.backup', { folder: '/tmp/x', withKey: true }],
    ['agent.add', { name: 'spy', role: '', skills: [], topics: [] }],
    ['agent.remove', { name: 'peer', reason: 'x' }],
    ['messages.efficiency', {}],
    ['message.import', { messages: [] }],
    ['inbox.peek', { inbox: 'peer' }],
    ['message.deliver', { inbox: 'peer', most: 1 }],
    ['message.deliver', { inbox: 'person', most: 1 }],
    ['agent.register', { name: 'peer', role: 'mine now', skills: [], topics: [] }],
  ];
  for (const [name, input] of forbidden) {
    it(`does not open ${name} ${JSON.stringify(input)}`, async () => {
      const answer = await command(name, input, bot);
      assert.equal(answer.status, 401, answer.body);
    });
  }

  for (const path of [
    '/v1/status',
    '/v1/work',
    '/v1/events?space=messages',
    '/v1/entities/inbox',
    '/v1/inbox/peer',
    '/v1/inbox/peer?follow=1',
    '/metrics',
    `/v1/blobs/${'0'.repeat(64)}?space=messages`,
  ]) {
    it(`does not open GET ${path}; the person's does`, async () => {
      assert.equal((await home.ask({ path, token: bot })).status, 401);
      if (path.includes('follow')) return;
      const { status } = await home.ask({ path, token: home.token() });
      assert.ok(status === 200 || status === 404, `${status}`);
    });
  }

  it('tells of messages that the agent sent, and of no others', async () => {
    const [foreign] = await home.waiting('peer');
    const path = `/v1/messages/${foreign?.id ?? ''}`;
    assert.equal((await home.ask({ path, token: bot })).status, 401);
    assert.equal((await home.ask({ path, token: home.token() })).status, 200);
    const sent = await command('message.send', { to: 'peer', text: 'x' }, bot);
    const { id } = JSON.parse(sent.body) as { id: string };
    assert.equal((await home.ask({ path: `/v1/messages/${id}`, token: bot })).status, 200);
  });

  it('counts for nothing when it is another one, empty, or its file is gone', async () => {
    const path = '/v1/inbox/~';
    const known = home.token('peer');
    assert.equal((await home.ask({ path, token: known })).status, 200);
    const flipped = `${known.slice(0, -1)}${known.endsWith('A') ? 'B' : 'A'}`;
    for (const token of ['', flipped, `${known}x`, 'peer']) {
      assert.equal((await home.ask({ path, token })).status, 401, token);
    }
    rmSync(join(home.home, 'identity', 'agents', 'peer.token'));
    assert.equal((await home.ask({ path, token: known })).status, 401);
  });

  it('works from the environment, and survives the node', async () => {
    await home.ok('down');
    const call = home.start(['inbox', '--json'], { env: { SKEIN_TOKEN: bot } });
    assert.equal((await call.ended).code, 0);
    const loose = join(home.home, 'identity', 'agents', 'bot.token');
    chmodSync(loose, 0o644);
    const refused = await home.run('inbox', '--as', 'bot');
    assert.equal(refused.code, 1, told(refused));
    assert.match(refused.stderr, /key-permissions/u);
    chmodSync(loose, 0o600);
  });

  it('is never made for the person', async () => {
    const [added] = await home.data<{ token: unknown }>(
      'agents',
      'add',
      'person',
      '--topic',
      'news',
    );
    assert.equal(added?.token, null);
    await home.ok('send', 'topic:news', 'extra', '--as', 'bot');
    assert.equal((await home.waiting('person')).at(-1)?.text, 'extra');
  });
});
