/** What becomes of messages by the command line: handed out once, given back, given up, too late, too many. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Letter } from '#bus/inbox/letters.ts';
import { told } from '../support/run-skein.ts';
import { becomes, openBusHome, type BusHome } from './bus-home.ts';

describe('a message', () => {
  let home: BusHome;
  before(async () => {
    home = openBusHome();
    await home.ok('agents', 'add', 'bot');
  });

  it('waits until it is taken, and is gone once it is done with; a look changes nothing', async () => {
    const id = await home.send('bot', 'hello');
    const looked = await home.data<Letter>('inbox', '--as', 'bot');
    assert.deepEqual(await home.data<Letter>('inbox', '--as', 'bot'), looked);
    assert.deepEqual(
      looked.map((each) => [each.id, each.text, each.tries]),
      [[id, 'hello', 0]],
    );
    const [taken] = await home.data<Letter>('inbox', '--as', 'bot', '--take', '5');
    assert.equal(taken?.tries, 1);
    assert.deepEqual(await home.data('inbox', '--as', 'bot', '--take', '5'), []);
    await home.ok('inbox', '--as', 'bot', '--ack', id.slice(0, 13));
    assert.deepEqual(await home.waiting('bot'), []);
    const again = await home.run('inbox', '--as', 'bot', '--ack', id);
    assert.equal(again.code, 7, told(again));
  });

  it('comes again after it was given back, not before its delay is over', async () => {
    const id = await home.send('bot', 'later');
    await home.ok('inbox', '--as', 'bot', '--take', '1');
    await home.ok('inbox', '--as', 'bot', '--nack', id, '--in', '2h', '--reason', 'busy');
    assert.deepEqual(await home.data('inbox', '--as', 'bot', '--take', '1'), []);
    assert.equal((await home.waiting('bot'))[0]?.state, 'delayed');
    await home.ok('inbox', '--as', 'bot', '--ack', id);
    const soon = await home.send('bot', 'sooner');
    await home.ok('inbox', '--as', 'bot', '--nack', soon);
    const [taken] = await home.data<Letter>('inbox', '--as', 'bot', '--take', '1');
    assert.deepEqual([taken?.id, taken?.tries], [soon, 2]);
    await home.ok('inbox', '--as', 'bot', '--ack', soon);
  });

  it('that nobody answers comes again, so often and no more; then its reason is told', async () => {
    await home.ok('agents', 'add', 'mute', '--handle', '150ms', '--tries', '2');
    const id = await home.send('mute', 'anybody?');
    for (const tries of [1, 2]) {
      let taken: readonly Letter[] = [];
      await becomes(`it comes, time ${tries}`, async () => {
        taken = await home.data<Letter>('inbox', '--as', 'mute', '--take', '1');
        return taken.length > 0;
      });
      assert.deepEqual([taken[0]?.id, taken[0]?.tries], [id, tries]);
    }
    await becomes('it is given up', async () => (await home.inbox('mute')).dead.length > 0);
    assert.deepEqual(await home.waiting('mute'), []);
    const dead = await home.ok('inbox', '--as', 'mute', '--dead');
    assert.match(
      dead,
      /person@[0-9a-f]{16} given up after 2 tries: not answered 2 times\n {4}anybody\?/u,
    );
  });

  it('is handed out before one that is less urgent', async () => {
    for (const priority of ['low', 'normal', 'critical', 'high']) {
      await home.ok('send', 'bot', priority, '--priority', priority);
    }
    const taken = await home.data<Letter>('inbox', '--as', 'bot', '--take', '9');
    assert.deepEqual(
      taken.map(({ text }) => text),
      ['critical', 'high', 'normal', 'low'],
    );
    await home.ok('inbox', '--as', 'bot', ...taken.flatMap(({ id }) => ['--ack', id]));
  });

  it('that is too old is not handed out, and told to be expired', async () => {
    await home.ok('send', 'bot', 'now or never', '--expires-in', '1ms');
    await becomes('it expires', async () => (await home.inbox('bot')).expired === 1);
    assert.deepEqual(await home.data('inbox', '--as', 'bot', '--take', '1'), []);
  });

  it('of any length up to the limit comes whole', async () => {
    const long = `${'ä'.repeat(20_000)} end`;
    const id = await home.send('bot', long);
    const [letter] = await home.data<Letter>('inbox', '--as', 'bot', '--take', '1');
    assert.equal(letter?.text, long);
    await home.ok('inbox', '--as', 'bot', '--ack', id);
  });
});

describe('a message that is refused', () => {
  let home: BusHome;
  before(async () => {
    home = openBusHome();
    await home.ok('agents', 'add', 'builder', '--limit', '4', '--skill', 'build');
  });

  const refused = async (code: number, name: string, ...args: readonly string[]) => {
    const ended = await home.run(...args, '--json');
    assert.equal(ended.code, code, told(ended));
    const body = JSON.parse(ended.stderr) as { title: string; fix?: string; detail: string };
    assert.equal(body.title, name, told(ended));
    return body;
  };

  it('because nobody is so called, names who nearly is', async () => {
    const agent = await refused(3, 'not-found', 'send', 'bulider', 'x');
    assert.match(agent.fix ?? '', /Did you mean builder\?/u);
    const skill = await refused(3, 'not-found', 'send', 'skill:bild', 'x');
    assert.match(skill.fix ?? '', /Did you mean build\?/u);
    const nobody = await refused(3, 'not-found', 'send', 'zebra', 'x');
    assert.doesNotMatch(nobody.fix ?? '', /mean/u);
  });

  it('because the inbox is full leaves room for what is more urgent', async () => {
    for (const text of ['1', '2', '3']) await home.ok('send', 'builder', text);
    const full = await refused(75, 'inbox-full', 'send', 'builder', '4');
    assert.match(full.fix ?? '', /priority/u);
    await home.ok('send', 'builder', 'fire', '--priority', 'critical');
    assert.equal((await home.waiting('builder')).length, 4);
  });

  it('because it was typed wrongly says how it is written', async () => {
    await refused(2, 'usage', 'send', 'builder', 'x', '--answer-in', 'soon');
    await refused(2, 'usage', 'send', 'builder', 'x', '--priority', 'very');
    await refused(2, 'subject-invalid', 'send', 'a b', 'x');
    await refused(2, 'usage', 'inbox', '--take', '1', '--dead');
    await refused(3, 'not-found', 'inbox', '--as', 'ghost');
    await refused(2, 'usage', 'agents', 'sell', 'builder');
    await refused(7, 'conflict', 'agents', 'add', 'supervisor');
  });

  it('is not sent to one that has retired; its token opens nothing', async () => {
    await home.ok('agents', 'add', 'brief');
    const token = home.token('brief');
    const asked = { path: '/v1/inbox/~', token };
    assert.equal((await home.ask(asked)).status, 200);
    await home.ok('agents', 'remove', 'brief');
    assert.equal((await home.ask(asked)).status, 401);
    await refused(3, 'not-found', 'send', 'brief', 'x');
  });
});
