/** What an agent says and hears: on the record before it leaves, in order, and never more than is needed. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PeerMessage } from '#agents/situation.ts';
import { agentSubject } from '#protocol/subjects.ts';
import type { SkeinEvent } from '#protocol/event-types.ts';
import { Gate } from './gate.ts';
import { openStage, type AgentStage } from './agent-stage.ts';
import { newId } from './swarm-space.ts';
import { dataOf } from './swarm-world.ts';
import { TestTimers } from './test-timers.ts';

const FILES = { 'a.txt': 'a\n', 'b.txt': 'b\n' };
const ASKED = { kind: 'ask', text: 'who takes b.txt?', about: ['b.txt'] } as const;

/** Two agents of one mission, and the task of the first. */
async function openTwo(timers?: TestTimers) {
  const stage = await openStage(FILES, timers);
  const mission = await stage.mission(['a.txt'], ['b.txt']);
  const one = stage.agent(mission, 'agent:coder-1');
  const two = stage.agent(mission, 'agent:coder-2');
  return { stage, mission, one, two, task: `${mission}.1` };
}

const kinds = (events: readonly SkeinEvent[]): readonly string[] =>
  events
    .filter(({ type }) => type.startsWith('message.'))
    .map(({ actor, type }) => `${actor} ${type}`);

const settled = async (stage: AgentStage): Promise<void> => {
  // Whoever heard something has handled it when a later message has made the round.
  await new Promise((resolve) => setImmediate(resolve));
  await stage.space.say('note.record', {
    type: 'guardrail.passed',
    subject: 'task/x',
    data: { guardrail: 'x', detail: 'x' },
  });
};

describe('a message to a peer', () => {
  it('is recorded by its sender before it leaves, by its receiver before it is handled', async () => {
    const { stage, mission, one, two, task } = await openTwo();
    const seen: string[][] = [];
    two.answerPeersBy(() => {
      seen.push([...kinds(stage.space.events(mission))]);
      return { takes: true, text: 'I do' };
    });
    const answer = await one.tell(two.name, { ...ASKED, task });
    assert.deepEqual(answer, { takes: true, text: 'I do' });
    assert.deepEqual(seen, [['agent:coder-1 message.sent', 'agent:coder-2 message.received']]);
    assert.deepEqual(kinds(stage.space.events(mission)), [
      'agent:coder-1 message.sent',
      'agent:coder-2 message.received',
      'agent:coder-2 message.sent',
      'agent:coder-2 message.handled',
    ]);
    const [sent, replied] = stage.space
      .events(mission)
      .filter(({ type }) => type === 'message.sent');
    const [received] = dataOf(stage.space.events(mission), 'message.received');
    const id = sent?.subject.slice('message/'.length);
    assert.equal(received?.message, id);
    assert.deepEqual(replied?.data, { ...replied?.data, replyTo: id });
    assert.equal(sent?.authority, 'peer');
  });

  it('gets an answer from who is not at work, too', async () => {
    const { one, two, task } = await openTwo();
    const answer = await one.tell(two.name, { ...ASKED, task });
    assert.deepEqual(answer, { takes: false, text: 'I am not at work on that' });
  });

  it('to who has left gets none, and is on the record all the same', async () => {
    const { stage, mission, one, two, task } = await openTwo();
    two.leave();
    assert.equal(await one.tell(two.name, { ...ASKED, task }), undefined);
    assert.equal(dataOf(stage.space.events(mission), 'message.sent').length, 1);
  });

  it('to who does not answer is given up after five seconds', async () => {
    const timers = new TestTimers();
    const { stage, one, two, task } = await openTwo(timers);
    const gate = new Gate();
    two.answerPeersBy(async () => {
      await gate.pass();
      return { takes: true, text: 'too late' };
    });
    const asked = one.tell(two.name, { ...ASKED, task });
    await gate.until();
    let isOver = false;
    void asked.finally(() => (isOver = true));
    timers.advance(4_999);
    await settled(stage);
    assert.equal(isOver, false);
    timers.advance(1);
    assert.equal(await asked, undefined);
    gate.open();
  });

  it('whose handling fails is told to who asked, and reported', async () => {
    const { stage, one, two, task } = await openTwo();
    two.answerPeersBy(() => {
      throw new TypeError('a bug of the other one');
    });
    await assert.rejects(one.tell(two.name, { ...ASKED, task }), { name: 'internal' });
    assert.equal(stage.reports.length, 1);
  });
});

describe('an announcement', () => {
  it('is heard by all others of the mission, and by nobody else', async () => {
    const { stage, one, two, task } = await openTwo();
    const other = stage.agent(await stage.mission(['a.txt']), 'agent:coder-3');
    await one.announce(task, 'I take b.txt', ['b.txt']);
    await settled(stage);
    assert.deepEqual(two.situation.taken.get('b.txt'), { agent: one.name, task });
    assert.deepEqual(one.situation.taken.get('b.txt'), { agent: one.name, task });
    assert.equal(other.situation.taken.size, 0);
  });

  it('of who speaks second for a path does not count', async () => {
    const { stage, one, two, task } = await openTwo();
    await one.announce(task, 'I take b.txt', ['b.txt']);
    await two.announce(task, 'I take b.txt', ['b.txt']);
    await settled(stage);
    for (const agent of [one, two])
      assert.equal(agent.situation.taken.get('b.txt')?.agent, one.name);
  });

  it('is not heard any more by who has left', async () => {
    const { stage, one, two, task } = await openTwo();
    two.leave();
    await one.announce(task, 'I take b.txt', ['b.txt']);
    await settled(stage);
    assert.equal(two.situation.taken.size, 0);
  });
});

describe('an agent', () => {
  it('answers peers while it works: taking a task and hearing a peer do not wait for each other', async () => {
    const { stage, one, two, task } = await openTwo();
    const [taken, answer] = await Promise.all([
      stage.send(two, task),
      one.tell(two.name, { ...ASKED, task }),
    ]);
    assert.equal(taken.type, 'taken');
    assert.equal(answer?.takes, false);
  });

  it('refuses what is no task of the record', async () => {
    const { stage, one } = await openTwo();
    await assert.rejects(stage.send(one, 'no-such-mission.1'), { name: 'not-found' });
    assert.deepEqual(stage.reports, []);
  });

  it('does not take a task twice', async () => {
    const { stage, one, two, task } = await openTwo();
    assert.equal((await stage.send(one, task)).type, 'taken');
    await assert.rejects(stage.send(two, task), { name: 'conflict' });
  });

  it('hears a message as it was sent, whatever others do to theirs', async () => {
    const { stage, one, two, task } = await openTwo();
    const heard: PeerMessage[] = [];
    two.answerPeersBy((message) => {
      heard.push(message);
      return { takes: false, text: 'no' };
    });
    const about = ['b.txt'];
    await one.tell(two.name, { ...ASKED, about, task });
    about.push('c.txt');
    assert.deepEqual(heard[0]?.about, ['b.txt']);
    assert.equal(heard[0]?.from, one.name);
    assert.ok(stage.space.events().length > 0);
  });

  it('is not harmed by a message that is none', async () => {
    const { stage, two, task } = await openTwo();
    const subject = agentSubject(stage.space.ledger.space, two.name);
    const message = { id: newId(), subject, from: 'agent:coder-9', sentAt: 'now', body: null };
    await assert.rejects(stage.bus.request(message, 1_000));
    assert.equal((await stage.send(two, task)).type, 'taken');
  });
});
