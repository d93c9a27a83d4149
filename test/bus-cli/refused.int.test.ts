/** What would lose messages by a slip of the hand is refused. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { told } from '../support/run-skein.ts';
import { openBusHome } from './bus-home.ts';

it('takes no message for a command that is empty', async () => {
  const home = openBusHome();
  await home.ok('agents', 'add', 'ann');
  await home.ok('send', 'ann', 'keep me');
  for (const nothing of ['', '  ']) {
    const ended = await home.run('watch', '--as', 'ann', '--once', '--exec', nothing);
    assert.equal(ended.code, 2, told(ended));
  }
  assert.deepEqual(
    (await home.waiting('ann')).map(({ text }) => text),
    ['keep me'],
  );
  // The twin: a command that is one takes it.
  await home.ok('watch', '--as', 'ann', '--once', '--exec', 'true');
  assert.deepEqual(await home.waiting('ann'), []);
});

it('removes an agent, and not the person', async () => {
  const home = openBusHome();
  await home.ok('agents', 'add', 'ann');
  await home.ok('send', 'person', 'still here');
  const ended = await home.run('agents', 'remove', 'person');
  assert.equal(ended.code, 7, told(ended));
  assert.equal((await home.waiting()).length, 1);
  await home.ok('agents', 'remove', 'ann');
});
