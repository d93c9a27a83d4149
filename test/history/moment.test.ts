/** What people say becomes an event id; what names none, or several, is refused with what to do. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makeLedgerReader } from '#ledger/ledger-reader.ts';
import type { LedgerReader } from '#ledger/ledger.ts';
import type { SkeinError } from '#protocol/errors.ts';
import { parseEnvelope, type EventEnvelope } from '#protocol/event.ts';
import { missionStory } from '../support/mission-story.ts';
import { makeTestLedger, type TestLedger } from '../support/test-ledger.ts';
import { resolveMoment } from '#ledger/history/moment.ts';

interface Told {
  readonly ledger: TestLedger;
  readonly read: LedgerReader;
  readonly mission: string;
  readonly events: readonly EventEnvelope[];
}

/** A mission told to its end with a second between its steps, and another one beside it. */
function tell(): Told {
  const ledger = makeTestLedger();
  const mission = ledger.newId();
  const other = missionStory(ledger.newId(), ['src/z.ts'], 2);
  for (const { name, input } of missionStory(mission)) {
    ledger.store(name, input);
    ledger.clock.ms += 1_000;
    const beside = other.shift();
    if (beside !== undefined) ledger.store(beside.name, beside.input);
  }
  const read = makeLedgerReader(ledger.database);
  const stored = read.events({ mission, after: 0, limit: 1_000 });
  return { ledger, read, mission, events: stored.map(({ body }) => parseEnvelope(body as Buffer)) };
}

const typed = (events: readonly EventEnvelope[], type: string): EventEnvelope =>
  events.findLast((event) => event.type === type) as EventEnvelope;

function refusal({ read, mission }: Told, text: string): SkeinError {
  let answer: unknown;
  try {
    answer = resolveMoment(read, mission, text);
  } catch (error) {
    return error as SkeinError;
  }
  throw new Error(`${text} was understood as ${JSON.stringify(answer)}`);
}

describe('a moment', () => {
  it('is named by an event id, in full or by a beginning of its own', () => {
    const { read, mission, events } = tell();
    for (const event of events) {
      const moment = resolveMoment(read, mission, event.id);
      assert.equal(moment.event, event.id);
      assert.equal(moment.time, event.time);
      assert.equal(moment.position, read.position(event.id));
    }
    const { id } = typed(events, 'plan.proposed');
    const others = events.filter((event) => event.id !== id);
    const own = Array.from({ length: id.length }, (_, end) => id.slice(0, end + 1)).find(
      (beginning) => others.every((event) => !event.id.startsWith(beginning)),
    );
    assert.equal(resolveMoment(read, mission, own ?? '').event, id);
  });

  it('is named by a word', () => {
    const { read, mission, events } = tell();
    assert.equal(resolveMoment(read, mission, 'start').event, events[0]?.id);
    assert.equal(resolveMoment(read, mission, 'end').event, events.at(-1)?.id);
    const { event } = resolveMoment(read, mission, ' approved ');
    assert.equal(event, typed(events, 'mission.approved').id);
  });

  it('is named by a task: when it was done', () => {
    const { read, mission, events } = tell();
    const done = typed(events, 'task.done').id;
    for (const text of ['1', 'task 1', 'Task 1', `${mission}.1`, `${mission.slice(0, 13)}.1`]) {
      assert.equal(resolveMoment(read, mission, text).event, done, text);
    }
  });

  it('is named by a time: the last event at or before it', () => {
    const { read, mission, events } = tell();
    const { id, time } = typed(events, 'task.claimed');
    const at = Date.parse(time);
    const of = (ms: number): string => new Date(ms).toISOString();
    assert.equal(resolveMoment(read, mission, of(at)).event, id);
    assert.equal(resolveMoment(read, mission, of(at + 999)).event, id);
    assert.notEqual(resolveMoment(read, mission, of(at - 1)).event, id);
    // Without a zone it is UTC, wherever the node stands.
    assert.equal(resolveMoment(read, mission, of(at).slice(0, -1)).event, id);
    assert.equal(resolveMoment(read, mission, of(at).slice(0, -1).replace('T', ' ')).event, id);
    const inIndia = `${of(at + 5.5 * 3_600_000).slice(0, -1)}+05:30`;
    assert.equal(resolveMoment(read, mission, inIndia).event, id);
    assert.equal(resolveMoment(read, mission, '9999-01-01').event, events.at(-1)?.id);
  });

  it('is found by time although a clock went back', () => {
    const told = tell();
    const { ledger, read, mission } = told;
    ledger.clock.ms -= 3_600_000;
    const input = { type: 'guardrail.passed', subject: `task/${mission}.1`, mission };
    ledger.store('note.record', { ...input, data: { guardrail: 'g', detail: 'late' } });
    const late = new Date(ledger.clock.ms).toISOString();
    const moment = resolveMoment(read, mission, late);
    assert.equal(moment.position, ledger.core.position);
    assert.equal(moment.time, late);
  });

  it('is refused when nothing happened there', () => {
    const told = tell();
    const foreign = told.ledger.newId();
    const [other] = told.read
      .events({ after: 0, limit: 10 })
      .map(({ body }) => parseEnvelope(body as Buffer))
      .filter(({ mission }) => mission !== told.mission);
    for (const [text, state] of [
      ['2', 'task 2 was not done'],
      ['2000-01-01', 'it began later'],
      [foreign, 'no event of this record has that id'],
      [other?.id ?? '', 'that event belongs to something else'],
      ['ffffffff', 'no event of this mission begins with it'],
    ] as const) {
      const { name, message, fix } = refusal(told, text);
      assert.equal(name, 'not-found', text);
      assert.ok(message.includes(state), message);
      assert.match(fix ?? '', /"task 3"/u);
    }
  });

  it('is refused when it is said in no known form', () => {
    const told = tell();
    for (const text of ['', 'yesterday', '2026-13-45', '12:00', 'constructor', '-5', 'x.1']) {
      assert.equal(refusal(told, text).name, 'usage', text);
    }
  });

  it('is refused when several events begin so, and some are named', () => {
    const told = tell();
    const { name, fix = '' } = refusal(told, told.events[0]?.id.slice(0, 6) ?? '');
    assert.equal(name, 'ambiguous-id');
    assert.ok(fix.includes(told.events.at(-1)?.id ?? 'none'), fix);
    assert.ok(fix.includes('(mission.done)'), fix);
    assert.ok(fix.endsWith(', ...'), fix);
  });

  it('may be an event whose body was pruned; names and times pass it over', () => {
    const { ledger, read, mission, events } = tell();
    const done = typed(events, 'mission.done');
    ledger.database.exec("UPDATE events SET body = NULL, salt = NULL WHERE type = 'mission.done'");
    assert.equal(resolveMoment(read, mission, done.id).time, null);
    assert.equal(resolveMoment(read, mission, 'end').event, events.at(-2)?.id);
    assert.equal(resolveMoment(read, mission, done.time).event, events.at(-2)?.id);
  });
});
