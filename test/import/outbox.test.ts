/** Folders of JSON messages are read whole; what can't be read is told by name. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import type { ImportedMessage } from '#daemon/import/old-bus.ts';
import { openOutbox } from '#daemon/import/outbox/read-outbox.ts';
import { EXAMPLE, tempFolder } from './old-database.ts';

const NOTE = { id: 'n1', from: 'a', to: 'b', body: 'hello', timestamp: '2026-02-17T10:00:00Z' };

/** A folder with files of the given contents: text as it is, anything else as JSON. */
function folderOf(files: Readonly<Record<string, unknown>>): string {
  const folder = tempFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    const isText = typeof content === 'string' || content instanceof Uint8Array;
    writeFileSync(join(folder, name), isText ? content : JSON.stringify(content));
  }
  return folder;
}

const messagesOf = (folder: string): readonly ImportedMessage[] => [
  ...openOutbox(folder).messages(),
];

describe('the files of the example', () => {
  it('are read with all that is in them, whatever their keys are called', () => {
    const { mapping, survey } = openOutbox(EXAMPLE);
    assert.equal(mapping[0]?.fields['id'], 'id or msg_id');
    assert.equal(survey.messages, 4);
    assert.deepEqual(survey.problems, []);
    const messages = messagesOf(EXAMPLE);
    const [first, , task, status] = messages;
    // What is in inbox/ answers what is in outbox/.
    assert.equal(first?.replyTo, task?.id);
    assert.deepEqual(
      messages.slice(0, 2).map(({ to }) => to.name),
      ['builder', 'tester'],
    );
    assert.equal(task?.extra['type'], 'task');
    assert.match(status?.text ?? '', /"command":"status"/);
    assert.equal(status?.sentAt, '2026-02-17T10:45:00.500Z');
  });

  it('are the same messages after they were moved, and when they lie in two places', () => {
    const folder = tempFolder();
    cpSync(EXAMPLE, folder, { recursive: true });
    const idsOf = (): string[] =>
      messagesOf(folder)
        .map(({ id }) => id)
        .toSorted();
    const before = idsOf();
    mkdirSync(join(folder, 'archive'));
    renameSync(join(folder, 'inbox/0003-result.json'), join(folder, 'archive/0003-result.json'));
    assert.deepEqual(idsOf(), before);
    cpSync(join(folder, 'archive'), join(folder, 'inbox/again'), { recursive: true });
    assert.deepEqual(idsOf(), before);
    const { survey } = openOutbox(folder);
    assert.equal(survey.problems.find(({ what }) => what === 'is a copy')?.count, 2);
    // What was archived had been read; the copy changes nothing about it.
    assert.equal(survey.unread, 2);
  });
});

describe('a file of messages', () => {
  it('may hold a list, lines, a list inside, or names instead of ids', () => {
    const other = { ...NOTE, id: 'n2' };
    const folder = folderOf({
      'inbox/list.json': [NOTE, other],
      'inbox/lines.jsonl': `${JSON.stringify({ ...NOTE, id: 'n3' })}\n\n${JSON.stringify({ ...NOTE, id: 'n4' })}\n`,
      'inbox/inside.json': { messages: [{ ...NOTE, id: 'n5' }], count: 1 },
      'inbox/bare.json': { from: 'a', to: 'b', text: 'no id' },
    });
    const ids = messagesOf(folder).map(({ sourceId }) => sourceId);
    assert.deepEqual(ids.toSorted(), ['bare.json', 'n1', 'n2', 'n3', 'n4', 'n5']);
  });

  it('keeps numbers and keys that JavaScript would change', () => {
    const text =
      '{"from":"a","to":"b","body":"x","id":12345678901234567890,"__proto__":{"k":1},"half":"\\ud800"}';
    const [message] = messagesOf(folderOf({ 'inbox/a.json': text }));
    assert.equal(message?.sourceId, '12345678901234567890');
    assert.deepEqual(Object.getOwnPropertyDescriptor(message?.extra, '__proto__')?.value, { k: 1 });
    assert.deepEqual(message?.extra['half'], { escaped: '"\\ud800"' });
  });

  it('that can not be read is told by name and left where it is; the others are read', () => {
    const folder = folderOf({
      'inbox/good.json': NOTE,
      'inbox/half.json': JSON.stringify(NOTE).slice(0, 40),
      'inbox/bytes.json': Buffer.from([0x7b, 0xff, 0x7d]),
      'inbox/number.json': 7,
      'inbox/settings.json': { colour: 'red' },
      'inbox/unclear.json': { ...NOTE, id: 'n2', payload: {} },
      'inbox/.hidden.json': NOTE,
      'inbox/note.json.tmp': 'x',
      'outbox/a/b/c/d/e/deep.json': NOTE,
    });
    symlinkSync('/etc/hostname', join(folder, 'inbox/link.json'));
    const { survey } = openOutbox(folder);
    assert.equal(survey.messages, 1);
    const left = survey.problems.filter((each) => each.left).flatMap(({ examples }) => examples);
    const unread =
      'bytes.json half.json link.json number.json settings.json unclear.json outbox/a/b/c/d/e';
    const places = left.map((place) => place.replace(`${folder}/`, '').replace('inbox/', ''));
    assert.deepEqual(places.toSorted(), unread.split(' ').toSorted());
    const chosen = openOutbox(folder, { map: ['body=payload'] });
    assert.equal(chosen.survey.messages, 2);
  });

  it('is looked for in a folder only', () => {
    assert.throws(() => openOutbox('/nowhere/at/all'), { name: 'import-unreadable' });
    assert.equal(messagesOf(folderOf({ 'here.json': NOTE })).length, 1);
  });
});
