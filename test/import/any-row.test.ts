/** Whatever stands in a row, in columns called whatever: it can be told from what was read of it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MESSAGE_NAMES } from '#daemon/import/column-names.ts';
import { openChaiwala } from '#daemon/import/chaiwala/read-chaiwala.ts';
import { toImportInputs } from '#daemon/import/import-input.ts';
import type { ImportedMessage } from '#daemon/import/old-bus.ts';
import { toPlain } from '#daemon/import/plain-value.ts';
import { seededFor, type SeededRandom } from '../support/seeded-random.ts';
import { makeDatabase } from './old-database.ts';

const ROUNDS = 30;
const ROWS = 12;

type Value = string | number | bigint | Uint8Array | null;

/** Lines: a text each. */
const TEXTS = `
builder
Zoë Ω
*
#ops
["a","b"]
[broken
agent:x
{"k":1}
high
unread
2026-02-17T10:00:00
2026-02-17 10:00:00
2026-13-45
1771324800
a\u0000b
\uFFFD
\u001b[2J
-0
1e5
007
null`.split('\n');
const NUMBERS = [0, 1, -1, 5, 1.5, 1e300, 1_771_324_800, 1_771_324_800_123, 2 ** 53, -(2 ** 31)];

function anyValue({ below, pick }: SeededRandom): Value {
  const kinds: readonly (() => Value)[] = [
    () => null,
    () => pick(TEXTS),
    () => pick(TEXTS) + String(below(1_000)),
    () => pick(NUMBERS),
    () => 9_007_199_254_740_993n + BigInt(below(5)),
    () => Uint8Array.from({ length: below(6) }, () => below(256)),
  ];
  return pick(kinds)();
}

/** Of each field one of its names or none, and some columns that nobody knows. */
function columnsOf({ below, pick }: SeededRandom): Map<string, string> {
  const columns = new Map<string, string>();
  for (const [field, names] of Object.entries(MESSAGE_NAMES)) {
    const isNeeded = ['from', 'to', 'text'].includes(field);
    const name = pick<string>(names);
    if (isNeeded || below(4) > 0) columns.set(below(2) === 0 ? name : name.toUpperCase(), field);
  }
  for (const name of ['x', 'a "quoted" name', 'sourceId', 'columns', '__proto__']) {
    if (below(2) === 0) columns.set(name, '');
  }
  return columns;
}

type Place = readonly [column: string, field: string];

/** Whether the value of a column can be told from the first message: it is one of its fields, or beside. */
function isTold(value: Value, [column, field]: Place, all: readonly ImportedMessage[]): boolean {
  const message = all[0] as ImportedMessage;
  const beside = Object.getOwnPropertyDescriptor(message.extra, column)?.value as unknown;
  if (beside !== undefined) {
    return JSON.stringify(beside) === JSON.stringify(toPlain(value));
  }
  if (field === '') return false;
  if (value === null) return true;
  const { sourceId, from, to, text, sentAt, priority, status, replyTo } = message;
  if (replyTo !== undefined && field === 'replyTo') {
    return all.find(({ id }) => id === replyTo)?.sourceId === String(value);
  }
  const read = { id: sourceId, from, to: to.name, text, sentAt, priority, status }[field];
  if (value instanceof Uint8Array) return Buffer.from(String(read)).equals(value);
  if (field === 'sentAt')
    return sentAt !== null && Date.parse(String(value)) === Date.parse(sentAt);
  return read === String(value) || (value === '' && (read === null || field === 'replyTo'));
}

async function playRound(random: SeededRandom, round: number): Promise<void> {
  const columns = [...columnsOf(random)];
  const quoted = columns.map(([name]) => `"${name.replaceAll('"', '""')}"`);
  const rows = Array.from({ length: ROWS }, () => columns.map(() => anyValue(random)));
  const path = makeDatabase(`CREATE TABLE messages (${quoted.join()})`, (database) => {
    const marks = columns.map(() => '?').join();
    const insert = database.prepare(`INSERT INTO messages VALUES (${marks})`);
    database.exec('BEGIN');
    for (const row of rows) insert.run(...row);
    database.exec('COMMIT');
  });
  const bus = await openChaiwala(path);
  const messages = [...bus.messages()];
  bus.close();
  assert.equal(new Set(messages.map(({ id }) => id)).size, messages.length);
  assert.equal(bus.survey.messages, messages.length);
  const toIndex = columns.findIndex(([, field]) => field === 'to');
  let at = 0;
  for (const row of rows) {
    const message = messages[at] as ImportedMessage;
    const all = [message, ...messages];
    for (const [index, place] of columns.entries()) {
      const value = row[index] ?? null;
      const what = `round ${round}: ${place.join()} = ${String(value)}`;
      assert.ok(isTold(value, place, all), `${what} of ${JSON.stringify(message)}`);
    }
    const [input] = toImportInputs(message);
    assert.deepEqual(JSON.parse(input?.extra ?? '').columns, { ...message.extra });
    // A row for two recipients makes two messages.
    at += String(row[toIndex]) === '["a","b"]' ? 2 : 1;
  }
  assert.equal(at, messages.length);
}

describe('any row', () => {
  it('is told by its message, whatever stands in it', async (context) => {
    const random = seededFor(context);
    for (let round = 0; round < ROUNDS; round += 1) await playRound(random, round);
  });

  it('is not told by a message that has lost something: the check notices', async () => {
    const sql = 'CREATE TABLE messages (sender, recipient, body, x)';
    const row = "INSERT INTO messages VALUES ('a', 'b', 'c', 'd')";
    const bus = await openChaiwala(makeDatabase(`${sql}; ${row}`));
    const [message] = [...bus.messages()];
    bus.close();
    assert.ok(message !== undefined);
    assert.ok(isTold('d', ['x', ''], [message]));
    assert.ok(!isTold('d', ['x', ''], [{ ...message, extra: {} }]));
    assert.ok(!isTold('c', ['body', 'text'], [{ ...message, text: '' }]));
    assert.ok(!isTold('Zoë', ['sender', 'from'], [message]));
  });
});
