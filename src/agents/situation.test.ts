/** What an agent remembers of its peers: who spoke first for a path, and not more than it can hold. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MessageKind } from '#protocol/events/message.ts';
import { emptySituation, hear, type PeerMessage } from './situation.ts';

const message = (
  from: string,
  about: readonly string[],
  kind: MessageKind = 'announce',
): PeerMessage => ({
  id: 'i',
  from,
  kind,
  text: '',
  about,
  task: `m.${from}`,
});

describe('hear', () => {
  it('remembers who takes a path, and for which task', () => {
    const { taken } = hear(emptySituation, message('one', ['a', 'b']));
    assert.deepEqual(
      [...taken],
      [
        ['a', { agent: 'one', task: 'm.one' }],
        ['b', { agent: 'one', task: 'm.one' }],
      ],
    );
  });

  it('lets who speaks first have it', () => {
    const heard = hear(hear(emptySituation, message('one', ['a'])), message('two', ['a', 'b']));
    assert.deepEqual(
      [...heard.taken].map(([path, { agent }]) => `${path} ${agent}`),
      ['a one', 'b two'],
    );
  });

  it('learns from announcements alone', () => {
    for (const kind of ['warn', 'yield', 'ask', 'answer', 'dispatch'] as const) {
      assert.equal(hear(emptySituation, message('one', ['a'], kind)), emptySituation);
    }
  });

  it('changes nothing that others hold', () => {
    const before = hear(emptySituation, message('one', ['a']));
    hear(before, message('two', ['b']));
    assert.deepEqual([...before.taken.keys()], ['a']);
    assert.equal(emptySituation.taken.size, 0);
  });

  it('forgets the oldest when there are too many', () => {
    const paths = Array.from({ length: 10_000 }, (_, index) => `f${index}`);
    const full = hear(emptySituation, message('one', paths));
    const { taken } = hear(full, message('two', ['new', 'newer']));
    assert.equal(taken.size, 10_000);
    assert.deepEqual([taken.has('f0'), taken.has('f1'), taken.has('f2')], [false, false, true]);
    assert.equal(taken.get('newer')?.agent, 'two');
  });
});
