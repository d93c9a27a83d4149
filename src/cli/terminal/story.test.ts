/** The story of a mission: every event has its line, and the short story can be followed. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { EventEnvelope } from '#protocol/event.ts';
import { assertData } from '#protocol/event-types.ts';
import { MISSION } from './fixtures/swarm-plans.ts';
import { STORY } from './fixtures/swarm-story.ts';
import { readData } from './read-data.ts';
import { isDetail, tell } from './story.ts';
import { PLAIN } from './style.ts';

const SAMPLES = join(import.meta.dirname, '../../../test/fixtures/events');

/** The recorded sample of a type, with other data where a case needs it. */
function sample(type: string, data: Readonly<Record<string, unknown>> = {}): EventEnvelope {
  const event = readData(readFileSync(join(SAMPLES, `${type}.json`), 'utf8')) as EventEnvelope;
  return {
    ...event,
    actor: 'agent:coder-2',
    data: { ...(event.data as Readonly<Record<string, unknown>>), ...data },
  };
}

const told = (type: string, data: Readonly<Record<string, unknown>> = {}): string =>
  tell(sample(type, data), PLAIN);

const SHORT = `goal: rename total to orderTotal  (base 1111111111)
plan 2222222222 waits for an answer
approved plan 2222222222 (terminal)
agent:runner-1 takes task 1
check test on the base: exit code 0 in 0.8 s
task 1 done: git tree 4444444444
agent:coder-1 takes task 2
agent:coder-2 takes task 3
agent:coder-2 found scripts/report.ts:2, which is not in the plan (task 3): import { formatPrice, total } from '@orders/pricing';
agent:coder-2 warns agent:coder-1: also used in scripts/report.ts:2
refused by guardrail parses: scripts/report.ts of agent:coder-1: Identifier \`orderTotal\` has already been declared
safety over swarm: guardrail:parses over agent:coder-1: the file would not parse
agent:scout-1 diagnosed task 2: scripts/report.ts:4 declares orderTotal already; strategy import-alias for scripts/report.ts
planned anew: Rename total to orderTotal (function, packages/pricing/src/total.ts:11), 4 files, 6 changes (typescript-7): scripts/report.ts declares orderTotal already
the changed plan 3333333333 waits for an answer
approved plan 3333333333 (terminal)
task 2 done: git tree 4444444444
task 3 done: git tree 4444444444
agent:coder-1 takes task 6
task 6 done: git tree 4444444444
agent:critic-1 takes task 4
task 4 done: git tree 4444444444
agent:runner-1 takes task 5
check test on the change: exit code 0 in 0.8 s
task 5 done: git tree 4444444444
done in 12.4 s: git commit 3333333333 on skein/${MISSION}`;

describe('the story of a swarm', () => {
  it('is made of events that may be recorded', () => {
    for (const event of STORY) assert.doesNotThrow(() => assertData(event), event.type);
  });

  it('reads, in short, as what happened', () => {
    const lines = STORY.filter((event) => !isDetail(event)).map((event) => tell(event, PLAIN));
    assert.equal(lines.join('\n'), SHORT);
  });
});

describe('a line of the story', () => {
  const samples = readdirSync(SAMPLES).map((name) => name.replace(/\.json$/u, ''));

  it('is there for every type of event', () => {
    assert.ok(samples.includes('mission.done'));
    for (const type of samples) {
      const line = told(type);
      // What no table knows is told by its type and subject.
      assert.ok(type.endsWith('.failed') || !line.startsWith(`${type} `), line);
      assert.doesNotMatch(line, /undefined|\[object|NaN|\n/u, line);
    }
  });

  it('is the type and the subject for one that a newer Skein has written', () => {
    const newer = { ...sample('task.done'), type: 'task.praised', subject: 'task/x' };
    assert.equal(tell(newer, PLAIN), 'task.praised task/x');
    assert.equal(tell({ ...newer, type: 'constructor' }, PLAIN), 'constructor task/x');
  });

  it('stays one line, whatever a repository or a program says', () => {
    const lines = [
      told('task.failed', { reason: 'first\nsecond' }),
      told('agent.discovered', { path: 'a\nb.ts', preview: '\tconst x = 1;\n' }),
      told('message.sent', { text: 'one\ntwo', about: ['c\nd'] }),
    ];
    for (const line of lines) assert.doesNotMatch(line, /[\n\t]/u);
    assert.match(lines[1] ?? '', /a\\nb\.ts:20/u);
  });

  it('survives data of another version', () => {
    for (const type of samples) {
      for (const data of [{}, null, { price: 1, checks: 'x', paths: 7, strategy: 3 }]) {
        assert.equal(typeof tell({ ...sample(type), data }, PLAIN), 'string', type);
      }
    }
  });
});

describe('agents in the story', () => {
  const task = `${MISSION}.2`;
  const lines: readonly (readonly [string, string, Readonly<Record<string, unknown>>?])[] = [
    [
      'agent.declined',
      'agent:coder-2 declines task 2: a peer holds a path of it (agent:coder-1 holds src/b.ts)',
    ],
    [
      'agent.diagnosed',
      'agent:coder-2 diagnosed task 5: src/b.ts declares sum already; no strategy is known',
      { strategy: null },
    ],
    [
      'expectation.failed',
      'not as expected by agent:coder-2: edit src/a.ts (task 2): found "Identifier `sum` has already been declared" instead of "2 changes, and the file still parses"',
    ],
    [
      'lease.extended',
      'agent:coder-2 asks for src/b.ts and gets it (task 1): also used in src/b.ts:20',
    ],
    ['lease.expired', 'lease of task 1 expired: its holder gave no sign of life for 60.0 s'],
    ['task.released', 'task 1 is ready again: agent:coder-2 holds src/b.ts; what was edited stays'],
    [
      'task.claimed',
      'agent:coder-1 takes task 1 (attempt 2)',
      { agent: 'agent:coder-1', attempt: 2 },
    ],
    [
      'mission.replanned',
      'plan changed: an alias is used (plan 8888888888, within what was approved)',
    ],
    ['command.done', 'command of task 2: exit code 0 in 0.8 s'],
    [
      'message.sent',
      'agent:coder-2 asks agent:coder-1: may I? (src/b.ts)',
      { kind: 'ask', text: 'may I?' },
    ],
    [
      'message.sent',
      'agent:coder-2 asks agent:coder-1 to yield: yours',
      { kind: 'yield', text: 'yours', about: [] },
    ],
    [
      'message.sent',
      'agent:coder-2 sends task 2 to agent:coder-1: go',
      { kind: 'dispatch', text: 'go', about: [], task },
    ],
  ];
  for (const [type, line, data] of lines) it(line, () => assert.equal(told(type, data), line));
});

describe('a short story', () => {
  const shown = (type: string, data: Readonly<Record<string, unknown>> = {}): boolean =>
    !isDetail(sample(type, data));

  it('tells refusals, surprises and changes', () => {
    for (const type of [
      'guardrail.refused',
      'expectation.failed',
      'agent.declined',
      'agent.discovered',
      'agent.diagnosed',
      'decision.overridden',
      'lease.expired',
      'lease.extended',
      'task.released',
      'mission.replanned',
    ]) {
      assert.ok(shown(type), type);
    }
    for (const kind of ['warn', 'yield', 'ask', 'answer'])
      assert.ok(shown('message.sent', { kind }), kind);
  });

  it('tells what the supervisor looks at itself: it may take long, and nobody else speaks', () => {
    const event = sample('agent.expected', {});
    assert.ok(!isDetail({ ...event, actor: 'agent:supervisor' }));
    assert.ok(isDetail({ ...event, actor: 'agent:coder-1' }));
  });

  it('leaves out what goes as it should', () => {
    for (const type of [
      'agent.expected',
      'expectation.met',
      'message.received',
      'message.handled',
      'lease.granted',
      'lease.released',
      'task-tree.intended',
      'task-tree.done',
      'plan.proposed',
    ]) {
      assert.ok(!shown(type), type);
    }
    for (const kind of ['announce', 'dispatch']) assert.ok(!shown('message.sent', { kind }), kind);
  });
});
