/** Finding and calling tools: what is unknown, forbidden, wrong or long. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KeptOutputs } from './kept-outputs.ts';
import { makeCallTool, searchTools, type ToolCalls } from './tool-library.ts';
import type { ToolHost } from './tool.ts';

const host: ToolHost = {
  repository: () => '/nowhere',
  mission: async (id) => ({ id, space: 's', status: 'done', goal: 'g' }),
  missions: async () => [],
  events: async () => Array.from({ length: 3_000 }, (_, index) => `{"n":${index}}`),
  execute: async (name, input) => ({ name, input }),
};

let ids = 0;
const outputs = new KeptOutputs(() => `output-${(ids += 1)}`);
const person: ToolCalls = { host, owner: 'person:owner', isPerson: true, outputs };
const agent: ToolCalls = { host, owner: 'agent:bot', isPerson: false, outputs };

describe('the library of tools', () => {
  it('finds tools by words, all without any, and shows an agent only its own', () => {
    const names = (query: string, isPerson = true): readonly string[] =>
      searchTools(query, isPerson).map(({ name }) => name);
    assert.equal(names('send a message')[0], 'send');
    assert.equal(names('').length, 8);
    assert.deepEqual(names('', false), ['send', 'inbox']);
    const [send = { input: {} }] = searchTools('send', true);
    assert.deepEqual((send.input as { required: unknown }).required, ['to', 'text']);
  });

  it('refuses unknown names with near ones, and arguments that do not fit with those that do', async () => {
    const call = makeCallTool(person);
    await assert.rejects(call('misions', {}), { name: 'tool-unknown', message: /missions/u });
    await assert.rejects(call('toString', {}), { name: 'tool-unknown' });
    await assert.rejects(call('send', { to: 'bot' }), { name: 'usage', message: /text/u });
    await assert.rejects(call('send', { to: 'bot', text: 'x', as: 'human' }), { name: 'usage' });
    await assert.rejects(makeCallTool(agent)('missions', {}), { name: 'unauthorized' });
  });

  it('has no tool that answers a plan or changes files', () => {
    const words = searchTools('', true).map(({ name }) => name);
    assert.deepEqual(words.toSorted(), [
      'diff',
      'inbox',
      'log',
      'missions',
      'read_file',
      'search_code',
      'send',
      'why',
    ]);
  });

  it('gives a short answer whole, and a long one in parts that make the whole', async () => {
    const call = makeCallTool(person);
    assert.deepEqual(await call('missions', {}), []);
    const first = (await call('log', { mission: 'm-12345' })) as {
      readonly text: string;
      readonly handle: string;
      readonly total: number;
    };
    assert.ok(JSON.stringify(first).length < 4_500);
    const rest = (await call('read_output', { handle: first.handle, from: first.text.length })) as {
      readonly text: string;
    };
    const whole = JSON.parse(first.text + rest.text) as readonly unknown[];
    assert.equal(whole.length, 3_000);
    await assert.rejects(makeCallTool(agent)('read_output', { handle: first.handle }), {
      name: 'not-found',
    });
  });

  it('lets go of the oldest answers when an owner keeps too much', () => {
    const kept = new KeptOutputs(() => `kept-${(ids += 1)}`);
    const handles = Array.from({ length: 70 }, () => kept.keep('a', 'x'.repeat(10)));
    assert.throws(() => kept.read('a', handles[0] ?? '', 0), { name: 'not-found' });
    assert.equal(kept.read('a', handles.at(-1) ?? '', 0).total, 10);
    const large = kept.keep('a', 'y'.repeat(9 * 1024 * 1024));
    assert.equal(kept.read('a', large, 0).total, 8 * 1024 * 1024);
    assert.throws(() => kept.read('a', handles.at(-1) ?? '', 0), { name: 'not-found' });
  });
});
