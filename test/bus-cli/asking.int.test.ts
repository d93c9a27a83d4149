/** Questions and answers by the command line: what is waited for comes at once, or it is said why not. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Letter } from '#bus/inbox/letters.ts';
import { told } from '../support/run-skein.ts';
import { becomes, openBusHome, type BusHome } from './bus-home.ts';

describe('skein request', () => {
  let home: BusHome;
  before(async () => {
    home = openBusHome();
    await home.ok('agents', 'add', 'oracle');
    await home.ok('agents', 'add', 'asker');
  });

  it('prints the answer, and leaves nothing in any inbox', async () => {
    const asking = home.start(['request', 'oracle', 'what is it?', '--timeout', '1m']);
    await becomes('the question is there', async () => (await home.waiting('oracle')).length === 1);
    const [question] = await home.waiting('oracle');
    assert.equal(question?.kind, 'ask');
    await home.ok('reply', question.id, '42', '--as', 'oracle');
    const ended = await asking.ended;
    assert.deepEqual([ended.code, ended.stdout], [0, '42\n'], told(ended));
    assert.deepEqual(await home.waiting('oracle'), []);
    assert.deepEqual(await home.waiting('person'), []);
  });

  it('without an answer in time says how the message stands; the answer that comes late waits', async () => {
    const args = ['request', 'oracle', 'still there?', '--timeout', '100ms', '--as', 'asker'];
    const ended = await home.run(...args);
    assert.equal(ended.code, 75, told(ended));
    assert.match(ended.stderr, /oracle@[0-9a-f]{16}: waits in the inbox.*request-timeout/u);
    const [question] = await home.data<Letter>('inbox', '--as', 'oracle', '--take', '1');
    await home.ok('reply', question?.id ?? '', 'yes', '--as', 'oracle');
    const [answer] = await home.waiting('asker');
    assert.deepEqual([answer?.text, answer?.replyTo], ['yes', question?.id]);
  });

  it('ends at once when nobody will answer any more', async () => {
    await home.ok('agents', 'add', 'hasty', '--tries', '1');
    const asking = home.start(['request', 'hasty', 'please', '--timeout', '1h', '--json']);
    await becomes('it is there', async () => (await home.waiting('hasty')).length === 1);
    const [taken] = await home.data<Letter>('inbox', '--as', 'hasty', '--take', '1');
    await home.ok('inbox', '--as', 'hasty', '--nack', taken?.id ?? '', '--reason', 'no idea');
    const ended = await asking.ended;
    assert.equal(ended.code, 75, told(ended));
    const error = JSON.parse(ended.stderr) as { title: string; detail: string };
    assert.equal(error.title, 'no-responder');
    assert.match(error.detail, /given up: no idea/u);
  });

  it('is not answered by one who was not asked: an answer goes to who asked', async () => {
    await home.ok('agents', 'add', 'third');
    const asking = home.start(['request', 'oracle', 'secret?', '--timeout', '1m', '--as', 'asker']);
    await becomes('it is there', async () => (await home.waiting('oracle')).length === 1);
    const [question] = await home.waiting('oracle');
    // To somebody else: the same `replyTo`, and no answer for who waits.
    await home.ok('send', 'third', 'wrong', '--reply-to', question?.id ?? '', '--as', 'oracle');
    await home.ok('reply', question?.id ?? '', 'right', '--as', 'oracle');
    assert.equal((await asking.ended).stdout, 'right\n');
  });
});

describe('skein reply', () => {
  it('answers what is done with already, and nothing that was for somebody else', async () => {
    const home = openBusHome();
    await home.ok('agents', 'add', 'one');
    await home.ok('agents', 'add', 'other');
    const id = await home.send('one', 'a question of taste');
    await home.ok('inbox', '--as', 'one', '--ack', id);
    const foreign = await home.run('reply', id, 'mine!', '--as', 'other');
    assert.equal(foreign.code, 3, told(foreign));
    await home.ok('reply', id, 'blue', '--as', 'one');
    const [answer] = await home.data<Letter>('inbox');
    assert.deepEqual([answer?.text, answer?.replyTo], ['blue', id]);
  });
});
