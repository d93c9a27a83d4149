/** What was read goes onto a real record whole, however large it is, and only once. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openChaiwala } from '#daemon/import/chaiwala/read-chaiwala.ts';
import { importBatches, toImportInputs, type ImportInput } from '#daemon/import/import-input.ts';
import type { ImportedMessage } from '#daemon/import/old-bus.ts';
import { isUuidv7 } from '#lib/uuidv7.ts';
import { exampleDatabase, tempFolder } from './old-database.ts';
import { openRealSpace, type RealSpace } from './real-space.ts';

const MESSAGE: ImportedMessage = {
  id: '019c6ad3-ee80-7903-8d26-078b1ab70c7f',
  sourceId: '1',
  from: 'a',
  to: { type: 'agent', name: 'b' },
  text: 'text',
  sentAt: '2026-02-17T09:00:00.000Z',
  priority: 'normal',
  status: 'unread',
  extra: { subject: 'TASK' },
};

/** What the inputs say together, put back as a reader would. */
function putBack(inputs: readonly ImportInput[]): { text: string; extra: unknown } {
  const [main, ...pieces] = inputs;
  const { parts, ...extra } = JSON.parse(main?.extra ?? '{}') as { parts?: { extras: number } };
  const of = (kind: string): string =>
    pieces
      .filter((piece) => String(JSON.parse(piece.extra ?? '{}').part).startsWith(kind))
      .map(({ text }) => text)
      .join('');
  const all: unknown = (parts?.extras ?? 0) > 0 ? JSON.parse(of('extra')) : extra;
  return { text: (main?.text ?? '') + of('text'), extra: all };
}

describe('the inputs of a message', () => {
  it('are one for most, with its own id, and all that was beside it', () => {
    const [input, ...more] = toImportInputs(MESSAGE);
    assert.deepEqual(more, []);
    const { id, sentAt, priority } = MESSAGE;
    const said = { id, from: 'a', to: 'agent:b', text: 'text', sentAt, priority, handled: false };
    assert.deepEqual(input, { ...said, extra: '{"sourceId":"1","columns":{"subject":"TASK"}}' });
  });

  it('are several for what is too large, and say the same together', () => {
    const large = {
      text: `${'\u0001'.repeat(199_999)}${'𝕊'.repeat(300_000)}`,
      extra: { payload: '"'.repeat(500_000), parts: 'x', sourceId: 'y' },
    };
    for (const change of [{ text: large.text }, { extra: large.extra }, large]) {
      const message = { ...MESSAGE, ...change };
      const inputs = toImportInputs(message);
      assert.ok(inputs.length > 1);
      const { text, extra } = putBack(inputs);
      assert.ok(text === message.text, 'the text is the same');
      assert.deepEqual(extra, { sourceId: '1', columns: message.extra });
      const ids = inputs.map(({ id }) => id);
      assert.equal(new Set(ids).size, ids.length);
      assert.ok(ids.every((id) => isUuidv7(id)));
      assert.deepEqual(
        toImportInputs(message).map(({ id }) => id),
        ids,
      );
      assert.ok(inputs.every((input) => input.text.isWellFormed()));
      // The pieces of the text wait for the recipient as the message does, the others for nobody.
      for (const input of inputs.slice(1)) {
        assert.equal(input.handled, JSON.parse(input.extra ?? '{}').part.startsWith('extra'));
      }
    }
  });

  it('come in batches that one request can hold', () => {
    const many = Array.from({ length: 1_203 }, (_, index) => ({ ...MESSAGE, text: `${index}` }));
    const lengths = [...importBatches(many)].map((batch) => batch.length);
    assert.deepEqual(lengths, [500, 500, 203]);
    const long = Array.from({ length: 20 }, () => ({ ...MESSAGE, text: '\n'.repeat(150_000) }));
    const batches = [...importBatches([...long, { ...MESSAGE, text: 'x'.repeat(3_000_000) }])];
    assert.ok(batches.every((batch) => JSON.stringify(batch).length < 1_000_000));
    assert.ok(batches.length > 7);
    assert.deepEqual([...importBatches([])], []);
  });
});

describe('on a real record', () => {
  let space: RealSpace;
  before(async () => {
    space = await openRealSpace(tempFolder(), 1);
  });
  after(() => space.close());

  it('the example is there with times, answers and what was beside, and waits only where unread', async () => {
    for (const name of ['builder', 'tester', 'lead-agent-a5d940']) {
      await space.command('agent.register', { name, role: 'old', skills: [], topics: ['all'] });
    }
    const bus = await openChaiwala(exampleDatabase());
    const messages = [...bus.messages()];
    bus.close();
    await space.door.take(messages);
    const sent = space.events('message.sent');
    assert.equal(sent.length, 7);
    assert.deepEqual(
      sent.map(({ id }) => id),
      messages.map(({ id }) => id),
    );
    assert.equal(sent[1]?.data['replyTo'], sent[0]?.id);
    assert.equal(sent[1]?.data['sentAt'], '2026-02-17T09:41:12.250Z');
    assert.equal(JSON.parse(String(sent[0]?.data['extra'])).columns.subject, 'TASK');
    // One for the lead, the notice to all three, one for the builder; the archivist is nobody here.
    assert.equal(space.events('message.received').length, 5);
    // Again: nothing at all is added.
    const stats = space.ledger.stats();
    await space.door.take(messages);
    assert.deepEqual(space.ledger.stats(), stats);
  });

  it('something beside a message that is too large is refused, not cut', async () => {
    const { id: _, ...input } = toImportInputs(MESSAGE)[0] as ImportInput;
    const extra = JSON.stringify('x'.repeat(70_000));
    await assert.rejects(space.command('message.import', { ...input, extra }), {
      name: 'payload-too-large',
    });
  });
});
