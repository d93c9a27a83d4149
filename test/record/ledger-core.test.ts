/** What the writer of a space promises: ids for ever, whole commands, one author, one epoch. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { reducers } from '#daemon/state-tables.ts';
import { LedgerCore } from '#ledger/ledger-core.ts';
import type { Outcome } from '#ledger/outcome.ts';
import { openLedgerDatabase } from '#ledger/store/database.ts';
import { uuidPlus } from '#lib/uuidv7.ts';
import { decodeHeader, signedBytes } from '#protocol/commit.ts';
import { decodeEvent } from '#protocol/event-types.ts';
import { verifySignature } from '#identity/signer.ts';
import { DIGEST, missionStory, submission } from '../support/mission-story.ts';
import { makeTestLedger, newSigner, note, SPACE, type TestLedger } from '../support/test-ledger.ts';

const count = ({ database }: TestLedger, table: string): number =>
  Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n']);

const bodies = ({ database }: TestLedger): string[] =>
  database
    .prepare('SELECT body FROM events ORDER BY position')
    .all()
    .map((row) => Buffer.from(row['body'] as Uint8Array).toString('utf8'));

const errorOf = (outcome: Outcome | undefined): string =>
  outcome?.type === 'refused' ? outcome.error.name : 'stored';

const receiptOf = (outcome: Outcome | undefined) => {
  if (outcome?.type !== 'stored') throw new Error('it was refused');
  return outcome.receipt;
};

describe('the genesis', () => {
  it('is one signed commit that names the owner', () => {
    const ledger = makeTestLedger();
    const row = ledger.database.prepare('SELECT * FROM commits').get() ?? {};
    const header = decodeHeader(row['header'] as Uint8Array);
    assert.deepEqual([header.seq, header.prev, header.space], [1, null, SPACE]);
    assert.equal(header.author, ledger.signer.key);
    const bytes = signedBytes(row['header'] as Uint8Array);
    assert.ok(verifySignature(header.author, bytes, row['signature'] as Uint8Array));
    assert.match(bodies(ledger)[0] ?? '', /"type":"space\.created".*"authority":"system"/);
    assert.deepEqual(ledger.core.head?.seq, 1);
  });

  it('is written once: opened again, the chain goes on', () => {
    const first = makeTestLedger();
    first.store('note.record', note('one'));
    const { database, signer } = first;
    const again = makeTestLedger({ database, signer, epoch: 2, seed: 2 });
    assert.deepEqual(again.core.head, first.core.head);
    again.store('note.record', note('two'));
    assert.equal(again.core.head?.seq, 3);
    assert.equal(count(again, 'commits'), 3);
  });

  it('is refused to a key that is not a member', () => {
    const first = makeTestLedger();
    assert.throws(() => makeTestLedger({ database: first.database, signer: newSigner() }), {
      name: 'key-invalid',
    });
    assert.equal(count(first, 'commits'), 1);
  });
});

describe('ids', () => {
  it('give the same receipt for ever, also after the ledger was opened again', () => {
    const ledger = makeTestLedger();
    const command = ledger.pending('mission.submit', submission('m'));
    const first = receiptOf(ledger.flush(command)[0]);
    ledger.store('note.record', note('between'));
    const again = makeTestLedger({ database: ledger.database, signer: ledger.signer, epoch: 2 });
    const second = receiptOf(again.flush(command)[0]);
    assert.equal(first.repeated, false);
    assert.deepEqual(second, { ...first, repeated: true });
    assert.equal(count(ledger, 'events'), 3);
  });

  it('are answered before the command is judged: a refused repeat would be a lost receipt', () => {
    const ledger = makeTestLedger();
    const submit = ledger.pending('mission.submit', submission('m'));
    const other = ledger.pending('mission.submit', submission('m'));
    ledger.flush(submit);
    assert.deepEqual(ledger.flush(submit, other).map(errorOf), ['stored', 'conflict']);
  });

  it('twice in one flush are one command', () => {
    const ledger = makeTestLedger();
    const command = ledger.pending('note.record', note('once'));
    const [first, second] = ledger.flush(command, command).map(receiptOf);
    assert.deepEqual(second, { ...first, repeated: true });
    assert.equal(count(ledger, 'events'), 2);
    assert.equal(receiptOf(ledger.flush(command)[0]).commit, first?.commit);
  });

  it('of events are taken: a command may not use one, before or within a flush', () => {
    for (const apart of [true, false]) {
      const ledger = makeTestLedger();
      const two = ledger.pending('test.state', [noteEvent('a'), noteEvent('b')]);
      const inside = ledger.pending('note.record', note('c'), { id: uuidPlus(two.command.id, 1) });
      const outcomes = apart
        ? [...ledger.flush(two), ...ledger.flush(inside)]
        : ledger.flush(two, inside);
      assert.deepEqual(outcomes.map(errorOf), ['stored', 'conflict'], `apart: ${apart}`);
      assert.equal(count(ledger, 'events'), 3);
    }
  });

  it('after a command are taken: events may not run into the next command', () => {
    for (const apart of [true, false]) {
      const ledger = makeTestLedger();
      const late = ledger.pending('note.record', note('late'));
      const early = { ...late.command, id: uuidPlus(late.command.id, 1) };
      const first = { ...late, command: early };
      const second = ledger.pending('test.state', [noteEvent('a'), noteEvent('b')], {
        id: late.command.id,
      });
      const outcomes = apart
        ? [...ledger.flush(first), ...ledger.flush(second)]
        : ledger.flush(first, second);
      assert.deepEqual(outcomes.map(errorOf), ['stored', 'conflict'], `apart: ${apart}`);
      const ids = bodies(ledger).map((body) => decodeEvent(body).event.id);
      assert.equal(new Set(ids).size, ids.length);
    }
  });

  it('must be UUIDv7', () => {
    const ledger = makeTestLedger();
    for (const id of ['', 'x', '01a1fe44-6af5-4100-9298-3544be3b20ae']) {
      assert.equal(ledger.refuse('note.record', note('x'), { id }).name, 'usage');
    }
  });

  it('that overflow refuse the command only', () => {
    const ledger = makeTestLedger();
    const id = '01a1fe44-6af5-7100-bfff-ffffffffffff';
    const bad = ledger.pending('test.state', [noteEvent('a'), noteEvent('b')], { id });
    const good = ledger.pending('note.record', note('good'));
    assert.deepEqual(ledger.flush(bad, good).map(errorOf), ['internal', 'stored']);
  });
});

describe('a command', () => {
  it('is only decided at the version it expects', () => {
    const ledger = makeTestLedger();
    const at = (version: number) => ({ expect: { kind: 'mission', id: 'm', version } as const });
    assert.equal(ledger.refuse('mission.submit', submission('m'), at(1)).name, 'conflict');
    ledger.store('mission.submit', submission('m'), at(0));
    const interrupt = { mission: 'm', reason: 'test' };
    assert.deepEqual(ledger.refuse('mission.interrupt', interrupt, at(0)).details, { version: 1 });
    ledger.store('mission.interrupt', interrupt, at(1));
  });

  it('of one flush is seen by the next, at its version too', () => {
    const ledger = makeTestLedger();
    const outcomes = ledger.flush(
      ledger.pending('mission.submit', submission('m')),
      ledger.pending('mission.submit', submission('m')),
      ledger.pending(
        'mission.interrupt',
        { mission: 'm', reason: 'test' },
        { expect: { kind: 'mission', id: 'm', version: 1 } },
      ),
    );
    assert.deepEqual(outcomes.map(errorOf), ['stored', 'conflict', 'stored']);
  });

  it('that is refused leaves no trace, neither alone nor among others', () => {
    const ledger = makeTestLedger();
    const before = [count(ledger, 'commits'), count(ledger, 'events'), ledger.core.head];
    ledger.refuse('mission.resume', { mission: 'none', epoch: 1 });
    assert.deepEqual([count(ledger, 'commits'), count(ledger, 'events'), ledger.core.head], before);
    ledger.flush(
      ledger.pending('note.record', note('a')),
      ledger.pending('mission.resume', { mission: 'none', epoch: 1 }),
      ledger.pending('note.record', note('b')),
    );
    assert.equal(count(ledger, 'commits'), 2);
    assert.equal(count(ledger, 'events'), 3);
    assert.equal(count(ledger, 'ids'), 3);
  });

  it('that fails half way takes its first events and states with it', () => {
    const ledger = makeTestLedger();
    const half = [
      { type: 'mission.submitted', subject: 'mission/half', data: submission('half') },
      { type: 'mission.planned', subject: 'mission/half', data: { plan: 1, hash: DIGEST } },
    ];
    const outcomes = ledger.flush(
      ledger.pending('test.state', half),
      ledger.pending('mission.submit', submission('half')),
    );
    assert.deepEqual(outcomes.map(errorOf), ['event-invalid', 'stored']);
    assert.equal(count(ledger, 'events'), 2);
  });

  it('that fails while it is folded leaves no state behind', () => {
    const broken = (): never => {
      throw new RangeError('a reducer with a bug');
    };
    const ledger = makeTestLedger({
      reducers: { ...reducers, reducers: { ...reducers.reducers, task: broken } },
    });
    const data = { reason: 'x' };
    const half = [
      { type: 'mission.submitted', subject: 'mission/m', data: submission('m') },
      { type: 'task.failed', subject: 'task/t', data },
    ];
    const outcomes = ledger.flush(
      ledger.pending('test.state', half),
      ledger.pending('mission.submit', submission('m')),
    );
    assert.deepEqual(outcomes.map(errorOf), ['internal', 'stored']);
    assert.equal(count(ledger, 'events'), 2);
  });

  it('with a bug in its decider, an unknown name or bad input disturbs nobody', () => {
    const ledger = makeTestLedger();
    const outcomes = ledger.flush(
      ledger.pending('note.record', note('a')),
      ledger.pending('test.bug', {}),
      ledger.pending('no.such', {}),
      ledger.pending('toString', {}),
      ledger.pending('note.record', { type: 'mission.done' }),
      ledger.pending('note.record', note('b')),
    );
    const names = ['stored', 'internal', 'command-unknown', 'command-unknown', 'usage', 'stored'];
    assert.deepEqual(outcomes.map(errorOf), names);
  });

  // Each of these once failed in the middle of storing, and took the whole flush with it.
  for (const [name, data] of Object.entries(notJson())) {
    it(`with ${name} in its data is refused alone`, () => {
      const ledger = makeTestLedger();
      const event = { type: 'mission.submitted', subject: 'mission/m' };
      const outcomes = ledger.flush(
        ledger.pending('test.state', [{ ...event, data: { ...submission('m'), data } }]),
        ledger.pending('note.record', note('good')),
      );
      assert.deepEqual(outcomes.map(errorOf), ['event-invalid', 'stored']);
      assert.equal(count(ledger, 'entities'), 1);
    });
  }

  it('may say half a character, but name nothing by it', () => {
    const ledger = makeTestLedger();
    ledger.store('note.record', note('cut in the middle: \ud83e'));
    for (const mission of ['m\ud83e', '\udebf']) {
      assert.equal(ledger.refuse('mission.submit', submission(mission)).name, 'event-invalid');
    }
    ledger.store('mission.submit', submission('🪿\u0000'));
    const { database, signer } = ledger;
    const again = makeTestLedger({ database, signer, epoch: 2, seed: 4 });
    assert.equal(again.refuse('mission.submit', submission('🪿\u0000')).name, 'conflict');
  });

  it('may be as large as the limit of an event, not larger', () => {
    const ledger = makeTestLedger();
    assert.equal(
      ledger.refuse('note.record', note('x'.repeat(256 * 1024))).name,
      'payload-too-large',
    );
    ledger.store('note.record', note('x'.repeat(255 * 1024)));
  });

  it('that changes nothing is answered without a commit', () => {
    const ledger = makeTestLedger();
    const receipt = ledger.store('test.state', []);
    assert.deepEqual([receipt.commit, receipt.events], [null, []]);
    assert.equal(count(ledger, 'commits'), 1);
  });
});

describe('an epoch', () => {
  it('fences the owner before it off, on the same file', (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'skein-epoch-'));
    context.after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'ledger.db');
    const signer = newSigner();
    const older = makeTestLedger({ database: openLedgerDatabase(path), signer });
    older.store('note.record', note('mine'));
    const newer = makeTestLedger({ database: openLedgerDatabase(path), signer, epoch: 2, seed: 9 });
    assert.equal(older.refuse('note.record', note('late')).name, 'epoch-fenced');
    newer.store('note.record', note('yours'));
    assert.equal(count(newer, 'events'), 3);
    const third = () => makeTestLedger({ database: openLedgerDatabase(path), signer, epoch: 1 });
    assert.throws(third, { name: 'epoch-fenced' });
    for (const { database } of [older, newer]) database.close();
  });
});

describe('a failing disk', () => {
  // At the first and at the last thing that is written.
  for (const table of ['ids', 'commits', 'entities']) {
    it(`(${table}) refuses the whole flush, stores nothing, and memory stays with the disk`, () => {
      const ledger = makeTestLedger();
      ledger.database.exec(`CREATE TEMP TRIGGER full BEFORE INSERT ON main.${table}
        BEGIN SELECT raise(ABORT, 'full'); END`);
      const { head } = ledger.core;
      const commands = [
        ledger.pending('mission.submit', submission('m')),
        ledger.pending('note.record', note('beside')),
      ];
      const failed = ['storage-failed', 'storage-failed'];
      assert.deepEqual(ledger.flush(...commands).map(errorOf), failed);
      assert.deepEqual([ledger.core.head, count(ledger, 'events')], [head, 1]);
      assert.equal(ledger.refuse('mission.resume', { mission: 'm', epoch: 1 }).name, 'not-found');
      ledger.database.exec('DROP TRIGGER temp.full');
      const receipts = ledger.flush(...commands).map(receiptOf);
      assert.deepEqual(
        receipts.map(({ repeated }) => repeated),
        [false, false],
      );
      assert.equal(ledger.core.head?.seq, 2);
    });
  }
});

describe('a full disk', () => {
  it('refuses what no longer fits, keeps what does, and goes on when there is room', () => {
    const ledger = makeTestLedger();
    ledger.store('note.record', note('small'));
    const pages = Number(ledger.database.prepare('PRAGMA page_count').get()?.['page_count']);
    ledger.database.exec(`PRAGMA max_page_count = ${pages + 4}`);
    const large = ledger.pending('note.record', note('x'.repeat(100_000)));
    const [refused] = ledger.flush(large);
    assert.equal(errorOf(refused), 'storage-failed');
    assert.match(refused?.type === 'refused' ? (refused.error.fix ?? '') : '', /Nothing .* stored/);
    ledger.store('note.record', note('small again'));
    ledger.database.exec('PRAGMA max_page_count = 100000');
    assert.equal(receiptOf(ledger.flush(large)[0]).repeated, false);
    assert.equal(ledger.core.head?.seq, count(ledger, 'commits'));
  });
});

describe('one story', () => {
  it('is decided from end to end, each event caused in order, in one commit or in many', () => {
    const steps = missionStory('m');
    const many = makeTestLedger();
    for (const { name, input } of steps) many.store(name, input);
    const one = makeTestLedger({ signer: many.signer });
    const outcomes = one.flush(...steps.map(({ name, input }) => one.pending(name, input)));
    assert.deepEqual(
      outcomes.map(errorOf),
      steps.map(() => 'stored'),
    );
    const types = (ledger: TestLedger) =>
      bodies(ledger).map((body) => decodeEvent(body).event.type);
    assert.deepEqual(types(one), types(many));
    assert.equal(count(one, 'commits'), 2);
    assert.equal(count(many, 'commits'), steps.length + 1);
    assert.ok(one.core instanceof LedgerCore);
  });
});

function noteEvent(detail: string): object {
  return { type: 'guardrail.passed', subject: 'task/t', data: { guardrail: 'g', detail } };
}

function notJson(): Record<string, unknown> {
  let deep: unknown = 'bottom';
  for (let level = 0; level < 5_000; level += 1) deep = [deep];
  return {
    'deep nesting': deep,
    NaN: Number.NaN,
    'a bigint': 1n,
    'a Map': new Map(),
    'a Date': new Date(0),
    'a hole': [undefined],
  };
}
