/** What one node asks of another: decided once, by who may, whatever is cut or dies in between. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { shortNode } from '#protocol/address.ts';
import type { Speaker } from '#protocol/command.ts';
import type { SkeinError } from '#protocol/errors.ts';
import type { NewSkeinEvent } from '#protocol/event-types.ts';
import { askHome, answerTo, type HomeAnswer } from '#tasks/requests/ask-home.ts';
import { makeRequestDeciders, MAX_REQUEST_BYTES } from '#tasks/requests/request-decider.ts';
import { RequestDesk, type DeskOptions } from '#tasks/requests/request-desk.ts';
import { REQUESTABLES } from '#tasks/requests/requestable.ts';
import { taskDeciders } from '#tasks/task-decider.ts';
import type { TaskState } from '#tasks/task-reducer.ts';
import { FarSpace, type FarNode, type FarOptions } from './far-nodes.ts';

const WORKER: Speaker = { actor: 'agent:worker-1', authority: 'peer' };
const never = new AbortController().signal;
const desks: RequestDesk[] = [];
afterEach(async () => {
  await Promise.all(desks.splice(0).map((desk) => desk.close()));
});

interface Stage {
  readonly space: FarSpace;
  readonly home: FarNode;
  readonly far: FarNode;
  /** The name of the worker on the record of the home. */
  readonly worker: string;
  readonly reports: SkeinError[];
}

function stageOf(options: FarOptions = {}, members = 1): Stage {
  const space = new FarSpace(members, options);
  const [home, far] = space.nodes as [FarNode, FarNode];
  const worker = `agent:worker-1@${shortNode(far.key)}`;
  return { space, home, far, worker, reports: [] };
}

function openDesk({ home, reports }: Stage, more: Partial<DeskOptions> = {}): RequestDesk {
  const report = (error: SkeinError): void => void reports.push(error);
  const desk = new RequestDesk({
    ledger: home.ledger,
    node: home.key,
    secret: 's',
    report,
    ...more,
  });
  desks.push(desk);
  return desk;
}

const MISSION = 'm1';

const created = (number: number): NewSkeinEvent => ({
  type: 'task.created',
  subject: `task/${MISSION}.${number}`,
  mission: MISSION,
  data: { plan: 'p', title: 't', role: 'coder', kind: 'edit', writeSet: [`f${number}.ts`] },
});

async function withTasks(stage: Stage, count = 3): Promise<Stage> {
  const tasks = Array.from({ length: count }, (_, index) => created(index + 1));
  await stage.home.say('test.state', tasks);
  return stage;
}

const claim = ({ worker }: Stage, number = 1, more: object = {}) => ({
  name: 'task.claim',
  input: { task: `${MISSION}.${number}`, agent: worker, ttlMs: 60_000, ...more },
});

const ask = (
  { home, far }: Stage,
  wish: { readonly name: string; readonly input: unknown },
  { id = far.node.newId(), signal = never } = {},
): Promise<HomeAnswer> =>
  askHome({ ledger: far.ledger, speaker: WORKER, signal }, { id, to: home.key, ...wish });

const taskOf = ({ ledger }: FarNode, number = 1): TaskState =>
  ledger.read.entity('task', `${MISSION}.${number}`)?.body as TaskState;

/** Everything that was asked for has one answer, and both nodes know all of it. */
function assertAnswered({ home, far, reports }: Stage, made: number): void {
  for (const node of [home, far]) {
    const count = (type: string): number =>
      node.events().filter((event) => event.type === type).length;
    const answered = count('request.accepted') + count('request.rejected');
    assert.deepEqual([count('request.made'), answered], [made, made]);
  }
  assert.equal(home.node.stateHash(), far.node.stateHash());
  assert.deepEqual(reports, []);
}

const rejected = (answer: HomeAnswer): string =>
  answer.type === 'rejected' ? answer.error : answer.type;

describe('a request', () => {
  it('is decided by the home in the name of who asks, and its answer comes back', async () => {
    const stage = await withTasks(stageOf());
    openDesk(stage);
    const answer = await ask(stage, claim(stage));
    assert.equal(answer.type, 'accepted');
    assert.equal(taskOf(stage.far).agent, stage.worker);
    const claimed = stage.home.events().find(({ type }) => type === 'task.claimed');
    assert.deepEqual(
      [claimed?.actor, claimed?.authority, claimed?.author],
      [stage.worker, 'peer', stage.home.key],
    );
    assert.ok(answer.type === 'accepted' && answer.events.includes(String(claimed?.id)));
    assertAnswered(stage, 1);
  });

  it('that is refused leaves nothing but the refusal, which its author sees', async () => {
    const stage = await withTasks(stageOf());
    openDesk(stage);
    await ask(stage, claim(stage));
    assert.equal(rejected(await ask(stage, claim(stage))), 'conflict');
    assert.equal(rejected(await ask(stage, claim(stage, 9))), 'not-found');
    assertAnswered(stage, 3);
  });

  it('may be put again: the same id is one request', async () => {
    const stage = await withTasks(stageOf());
    openDesk(stage);
    const id = stage.far.node.newId();
    const first = await ask(stage, claim(stage), { id });
    assert.deepEqual(await ask(stage, claim(stage), { id }), first);
    assertAnswered(stage, 1);
  });

  const WRONG: Readonly<Record<string, (stage: Stage) => { name: string; input: unknown }>> = {
    'a command that is not on the list': () => ({
      name: 'task.finish',
      input: { task: `${MISSION}.1`, gitTree: 'ab'.repeat(20), checks: [] },
    }),
    'a name that every object has': () => ({ name: 'constructor', input: {} }),
    'a claim for somebody else': (stage) => claim(stage, 1, { agent: 'agent:coder-1' }),
    'a lease for ever': (stage) => claim(stage, 1, { ttlMs: 1e12 }),
    'a hundred paths besides': (stage) =>
      claim(stage, 1, { more: Array.from({ length: 100 }, (_, index) => `p${index}`) }),
    'the release of what others hold': () => ({
      name: 'task.release',
      input: { task: `${MISSION}.2`, reason: 'mine now', token: 1 },
    }),
    'a path for the lease of another': () => ({
      name: 'lease.extend',
      input: { lease: `${MISSION}.2.1`, token: 1, path: 'x', why: 'x' },
    }),
    'a release without its token': () => ({
      name: 'task.release',
      input: { task: `${MISSION}.1`, reason: 'no token' },
    }),
  };
  for (const [what, wish] of Object.entries(WRONG)) {
    it(`for ${what} is rejected`, async () => {
      const stage = await withTasks(stageOf());
      openDesk(stage);
      const mine = { task: `${MISSION}.2`, agent: 'agent:coder-1', ttlMs: 1_000 };
      await stage.home.say('task.claim', mine);
      const before = stage.home.node.stateHash();
      assert.equal(rejected(await ask(stage, wish(stage))), 'unauthorized');
      assert.equal(stage.home.node.stateHash(), before);
      assertAnswered(stage, 1);
    });
  }

  it('for any command at all would be decided without the list (the twin)', async () => {
    const finish = taskDeciders['task.finish'] as NonNullable<(typeof taskDeciders)[string]>;
    const deciders = makeRequestDeciders({
      ...REQUESTABLES,
      'task.finish': { decide: finish, problem: () => undefined },
    });
    const stage = await withTasks(stageOf({ deciders }));
    openDesk(stage);
    await ask(stage, claim(stage));
    const wish = WRONG['a command that is not on the list'] as (stage: Stage) => never;
    assert.equal((await ask(stage, wish(stage))).type, 'accepted');
    assert.equal(taskOf(stage.home).status, 'done');
  });

  it('to a node that is not the home is rejected there, and leaves that answer', async () => {
    const stage = await withTasks(stageOf({}, 2));
    const [home, far, third] = stage.space.nodes as [FarNode, FarNode, FarNode];
    const wrong = { ...stage, home: third };
    openDesk(stage);
    openDesk(wrong);
    assert.equal(rejected(await ask(wrong, claim(stage))), 'not-home');
    assert.equal(taskOf(far).status, 'ready');
    assert.equal((await ask(stage, claim(stage))).type, 'accepted');
    assert.equal(taskOf(home).agent, stage.worker);
  });

  it('to nobody of the space, or too long, is not even made', async () => {
    const stage = await withTasks(stageOf());
    const { far } = stage;
    const make = (to: string, input: string) =>
      far.say('request.make', { to, command: 'task.claim', input }, WORKER);
    await assert.rejects(make('ab'.repeat(32), '{}'), { name: 'not-member' });
    await assert.rejects(make(far.key, '{}'), { name: 'usage' });
    const long = JSON.stringify('x'.repeat(MAX_REQUEST_BYTES));
    await assert.rejects(make(stage.home.key, long), { name: 'payload-too-large' });
  });

  it('that was put on the record by hand is rejected all the same', async () => {
    const stage = await withTasks(stageOf());
    openDesk(stage);
    const state = async (data: object, actor = 'agent:worker-1'): Promise<string> => {
      const event = { type: 'request.made', subject: 'request/x', data };
      const speaker: Speaker = { actor, authority: 'peer' };
      const [id = ''] = await stage.far.say('test.state', [event], speaker);
      return id;
    };
    const to = stage.home.key;
    const { name: command, input } = claim(stage);
    const ids = [
      await state({ to, command, input: 'no json' }),
      await state({ to, command, input: JSON.stringify('x'.repeat(MAX_REQUEST_BYTES)) }),
      await state({ to, command, input: JSON.stringify(input) }, 'agent:a b*'),
      await state({ to, command, input: JSON.stringify(input) }, 'agent:worker-1@0123456789abcdef'),
    ];
    const { ledger } = stage.far;
    const answers = ids.map((id) => answerTo({ ledger, signal: never }, { id, to }));
    assert.deepEqual((await Promise.all(answers)).map(rejected), [
      'usage',
      'payload-too-large',
      'subject-invalid',
      'subject-invalid',
    ]);
    assert.equal(taskOf(stage.home).status, 'ready');
    assertAnswered(stage, 4);
  });

  it('can not be decided or answered by who comes in by a door', async () => {
    const stage = await withTasks(stageOf());
    const { home } = stage;
    const asked = {
      request: 'r',
      command: 'task.claim',
      input: JSON.stringify(claim(stage).input),
    };
    const doors: readonly Speaker[] = [
      { actor: 'agent:worker-1', authority: 'peer' },
      { actor: 'person:owner', authority: 'human' },
      { actor: `agent:worker-1@${shortNode(home.key)}`, authority: 'peer' },
    ];
    for (const speaker of doors) {
      await assert.rejects(home.say('request.decide', asked, speaker), { name: 'unauthorized' });
      const answer = { request: 'r', events: [] };
      await assert.rejects(home.say('request.answer', answer, speaker), { name: 'unauthorized' });
    }
  });
});

describe('an answer', () => {
  it('counts only when it is signed by the node that was asked', async () => {
    const stage = await withTasks(stageOf({}, 2));
    const [, far, third] = stage.space.nodes as [FarNode, FarNode, FarNode];
    const id = far.node.newId();
    const asking = ask(stage, claim(stage), { id });
    await far.seen(({ type }) => type === 'request.made');
    const forged = { request: id, events: [] };
    const event = { type: 'request.accepted', subject: `request/${id}`, cause: id, data: forged };
    await third.say('test.state', [event]);
    await far.seen(({ type }) => type === 'request.accepted');
    await stage.home.say('task.claim', {
      task: `${MISSION}.1`,
      agent: 'agent:coder-1',
      ttlMs: 1_000,
    });
    openDesk(stage);
    assert.equal(rejected(await asking), 'conflict');
  });

  it('is waited for until the signal, and found later', async () => {
    const stage = await withTasks(stageOf());
    const id = stage.far.node.newId();
    const stop = new AbortController();
    const asking = ask(stage, claim(stage), { id, signal: stop.signal });
    await stage.far.seen(({ type }) => type === 'request.made');
    stop.abort(new Error('enough'));
    await assert.rejects(asking, /enough/);
    openDesk(stage);
    assert.equal((await ask(stage, claim(stage), { id })).type, 'accepted');
    assertAnswered(stage, 1);
  });
});

describe('a home that was away', () => {
  it('finds what came meanwhile, in the order in which it was asked', async () => {
    const stage = await withTasks(stageOf());
    stage.space.cut(stage.home, stage.far);
    const asking = [1, 1, 2].map((number) => ask(stage, claim(stage, number)));
    await stage.far.seen(({ type }) => type === 'request.made');
    openDesk(stage);
    stage.space.heal();
    assert.deepEqual((await Promise.all(asking)).map(rejected), [
      'accepted',
      'conflict',
      'accepted',
    ]);
    assertAnswered(stage, 3);
  });

  it('answers once, also when it died with the answer on the record and not told', async () => {
    const stage = await withTasks(stageOf());
    const first = openDesk(stage);
    await ask(stage, claim(stage));
    await first.close();
    const home = stage.space.reopen(stage.home, stage.home.node.clock, 91);
    const again = { ...stage, home };
    openDesk(again);
    // What is asked after it was answered shows that the desk has read all that was before.
    assert.equal(rejected(await ask(again, claim(stage, 9))), 'not-found');
    assertAnswered(again, 2);
  });

  it('would answer nothing that came while no desk was open, if it read only what is new (the twin)', async () => {
    const stage = await withTasks(stageOf());
    const stop = new AbortController();
    const asking = ask(stage, claim(stage), { signal: stop.signal });
    await stage.home.seen(({ type }) => type === 'request.made');
    const { ledger } = stage.home;
    const after = ledger.stats().events;
    openDesk(stage, {
      ledger: { ...ledger, subscribe: (from) => ledger.subscribe({ ...from, after }) },
    });
    await stage.home.say('note.record', {
      type: 'guardrail.passed',
      subject: 'task/t',
      data: { guardrail: 'g', detail: 'd' },
    });
    stop.abort(new Error('nobody answered'));
    await assert.rejects(asking, /nobody answered/);
  });
});

describe('what is more than a decision', () => {
  it('is carried out once, and answered with its events or its error', async () => {
    const stage = await withTasks(stageOf());
    const calls: string[] = [];
    openDesk(stage, {
      handlers: {
        'task.hand-over': async ({ input, actor }) => {
          calls.push(actor);
          if (input === '"bad"') throw new Error('no');
          return ['an event'];
        },
      },
    });
    const wish = (input: unknown) => ({ name: 'task.hand-over', input });
    assert.deepEqual(await ask(stage, wish('good')), { type: 'accepted', events: ['an event'] });
    assert.equal(rejected(await ask(stage, wish('bad'))), 'internal');
    assert.deepEqual(calls, [stage.worker, stage.worker]);
    assertAnswered(stage, 2);
  });

  it('is refused when who asks was not sent there', async () => {
    const stage = await withTasks(stageOf());
    openDesk(stage, {
      admit: ({ actor }) => {
        throw new Error(`${actor} was not sent`);
      },
    });
    assert.equal(rejected(await ask(stage, claim(stage))), 'internal');
    assert.equal(taskOf(stage.home).status, 'ready');
    assertAnswered(stage, 1);
  });
});
