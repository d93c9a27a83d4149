/** The live block at the sizes that terminals have: what it shows, and that it always fits. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EventEnvelope } from '#protocol/event.ts';
import { task } from './fixtures/swarm-plans.ts';
import { BEGAN_MS, STEP_MS, STORY, until } from './fixtures/swarm-story.ts';
import { elapsed, liveLines } from './live-lines.ts';
import { emptyModel, foldLive, type LiveModel } from './live-model.ts';
import { PLAIN, type Style } from './style.ts';
import { textWidth } from './text-width.ts';

const fold = (events: readonly EventEnvelope[]): LiveModel => events.reduce(foldLive, emptyModel);
const nowMs = BEGAN_MS + 90_000;
const block = (model: LiveModel, columns: number, rows: number, style = PLAIN): string[] =>
  liveLines(model, { columns, rows, nowMs }, style);

const AT_WORK = `--- at work, 1 of 5 tasks done, 1:28 ------------------------------------------
coder-1    task 2  edit packages/cart/src/cart.ts                          1:20
coder-2    task 3  Rename total to orderTotal in packages/pricing          1:21
idle       runner-1
task 2     0/2 files     Rename total to orderTotal in packages/cart       1:22
task 3     0/1 file      Rename total to orderTotal in packages/pricing    1:21
task 4     after 2, 3    Review every changed line against the plan
task 5     after 4       Run the checks and make the git commit
done       task 1
leases     3 paths held: coder-1 2, coder-2 1`;

describe('the live block', () => {
  it('shows agents, tasks and leases', () => {
    assert.equal(block(fold(until('edit.intended')), 80, 24).join('\n'), AT_WORK);
  });

  it('shows what was refused and said last', () => {
    const lines = block(fold(until('mission.planned', 'last')), 120, 40).join('\n');
    assert.match(lines, /^last {7}refused by guardrail parses: scripts\/report\.ts of coder-1/mu);
    assert.match(lines, /^ {11}coder-2 warns coder-1: also used/mu);
  });

  it('is not there on a terminal that is too small', () => {
    const model = fold(until('edit.intended'));
    assert.deepEqual(block(model, 35, 24), []);
    assert.deepEqual(block(model, 80, 9), []);
    assert.equal(block(model, 36, 10).length, 4);
  });

  it('says how much it does not show', () => {
    const lines = block(fold(until('edit.intended')), 60, 12);
    assert.equal(lines.length, 5);
    assert.match(lines.join('\n'), /\.\.\. and 2 more/u);
  });

  const titles = [
    'x'.repeat(300),
    '世界'.repeat(100),
    '🪿👩\u200d🚀'.repeat(60),
    'a\u0308'.repeat(200),
    '',
  ];
  const crowd = (title: string): LiveModel => {
    const model = fold(until('mission.planned', 'last'));
    const one = model.tasks.get(task(2));
    const tasks = Array.from({ length: 30 }, (_, index) => {
      const number = String(index + 1);
      return [`m.${number}`, { ...one, number, title }] as const;
    });
    const agents = tasks.map(([id]) => [`coder-${id}`, { task: id, since: '' }] as const);
    return { ...model, tasks: new Map(tasks), agents: new Map(agents) } as LiveModel;
  };
  for (const [index, title] of titles.entries()) {
    it(`fits into every terminal, whatever tasks are called (${index})`, () => {
      const model = crowd(title);
      for (const columns of [36, 40, 79, 80, 120, 250]) {
        for (const rows of [10, 12, 24, 40, 100]) {
          const lines = block(model, columns, rows);
          assert.ok(lines.length >= 2 && lines.length < rows / 2, `${lines.length} of ${rows}`);
          for (const line of lines) {
            assert.ok(
              textWidth(line) < columns && textWidth(line) <= 79,
              `${textWidth(line)} of ${columns}: ${line}`,
            );
          }
        }
      }
    });
  }

  it('is as wide with paint as without', () => {
    const paint = (text: string): string => `\u001b[31m${text}\u001b[39m`;
    const painted: Style = {
      bold: paint,
      dim: paint,
      red: paint,
      green: paint,
      yellow: paint,
      cyan: paint,
    };
    for (const events of [until('edit.intended'), until('mission.planned', 'last'), STORY]) {
      const model = fold(events);
      const widths = (style: Style): number[] => block(model, 80, 24, style).map(textWidth);
      assert.deepEqual(widths(painted), widths(PLAIN));
    }
  });
});

describe('elapsed time', () => {
  const at = (seconds: number): string =>
    elapsed(new Date(BEGAN_MS).toISOString(), BEGAN_MS + seconds * 1000);
  it('is minutes and seconds, then hours too', () => {
    assert.deepEqual([0, 59, 61, 3599, 3600, 36_061].map(at), [
      '0:00',
      '0:59',
      '1:01',
      '59:59',
      '1:00:00',
      '10:01:01',
    ]);
  });

  it('is never negative, and 0 for a time that is none', () => {
    assert.equal(at(-STEP_MS), '0:00');
    assert.equal(elapsed('', BEGAN_MS), '0:00');
  });
});
