/** Real watchers at work, several at once, and what dies between a message and its answer. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, before, describe, it } from 'node:test';
import type { Letter } from '#bus/inbox/letters.ts';
import { told, until, type Running } from '../support/run-skein.ts';
import { becomes, openBusHome, type BusHome } from './bus-home.ts';

let watchers: Running[] = [];
afterEach(() => {
  for (const { child } of watchers) child.kill('SIGKILL');
  watchers = [];
});

function watch(home: BusHome, ...args: readonly string[]): Running {
  const watcher = home.start(['watch', ...args]);
  watchers.push(watcher);
  return watcher;
}

/** A handler that leaves the message's text as a line of a file. */
const keep = (file: string): string =>
  `node -e 'const m = JSON.parse(require("fs").readFileSync(0)); require("fs").appendFileSync("${file}", m.text + "\\n")'`;

const linesOf = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];

describe('skein watch', () => {
  let home: BusHome;
  let file: (name: string) => string;
  before(async () => {
    home = openBusHome();
    file = (name) => join(home.person, name);
    await home.ok('agents', 'add', 'bot', '--handle', '1s');
  });

  it('runs the command for each message; its output is the answer, and what it said when it failed is kept', async () => {
    watch(home, '--as', 'bot', '--exec', 'echo "hello $SKEIN_FROM"; echo trouble >&2');
    const answer = await home.ok('request', 'bot', 'anybody?', '--timeout', '30s');
    assert.match(answer, /^hello person@[0-9a-f]{16}\n$/u);
    for (const { child } of watchers) child.kill('SIGKILL');
    await home.ok('agents', 'add', 'clumsy', '--tries', '1');
    watch(home, '--as', 'clumsy', '--exec', 'echo "no such thing" >&2; exit 3');
    await home.send('clumsy', 'do it');
    await becomes('it is given up', async () => (await home.inbox('clumsy')).dead.length > 0);
    assert.equal((await home.inbox('clumsy')).dead[0]?.reason, 'exit code 3: no such thing');
  });

  it('gives the command the message and nothing of our environment but the least', async () => {
    const out = file('environment');
    const exec = `cat > ${out}.json; env > ${out}`;
    const watcher = home.start(['watch', '--as', 'bot', '--exec', exec, '--once'], {
      env: { MY_SECRET: 'hunter2', SKEIN_TOKEN: 'x'.repeat(43) },
    });
    const id = await home.send('bot', 'look around');
    const ended = await watcher.ended;
    assert.equal(ended.code, 0, told(ended));
    const environment = readFileSync(out, 'utf8');
    assert.match(environment, new RegExp(`^SKEIN_MESSAGE=${id}$`, 'mu'));
    assert.doesNotMatch(environment, /hunter2|SKEIN_TOKEN|SKEIN_HOME/u);
    assert.equal((JSON.parse(readFileSync(`${out}.json`, 'utf8')) as Letter).text, 'look around');
  });

  it('ends a command whose time is over: the message comes again', async () => {
    const started = file('slow');
    // The first time it hangs, and leaves a grandchild that would hang longer.
    const exec = `echo x >> ${started}; [ $(wc -l < ${started}) -gt 1 ] || { sleep 600 & sleep 600; }`;
    const watcher = watch(home, '--as', 'bot', '--exec', exec);
    await home.send('bot', 'slow');
    await becomes('it is done', async () => (await home.waiting('bot')).length === 0);
    assert.equal(linesOf(started).length, 2);
    watcher.child.kill('SIGTERM');
    const { stderr } = await watcher.ended;
    assert.match(stderr, /took too long; it comes again\n.* done with/u);
  });

  it('prints messages and is done with them; with --keep they are to be answered', async () => {
    const plain = watch(home, '--as', 'bot');
    await home.send('bot', 'first words');
    await plain.saw(/first words/u);
    await becomes('it is done with', async () => (await home.waiting('bot')).length === 0);
    plain.child.kill('SIGKILL');
    await plain.ended;
    const kept = watch(home, '--as', 'bot', '--json', '--keep');
    const id = await home.send('bot', 'second words');
    await kept.saw(/second words/u);
    assert.equal((await home.waiting('bot'))[0]?.state, 'handed out');
    await home.ok('inbox', '--as', 'bot', '--ack', id);
  });
});

describe('several watchers', () => {
  let home: BusHome;
  let file: (name: string) => string;
  before(() => {
    home = openBusHome();
    file = (name) => join(home.person, name);
  });

  it('of a skill share its messages: each is for exactly one of three', async () => {
    for (const name of ['red', 'green', 'blue']) {
      await home.ok('agents', 'add', name, '--skill', 'paint');
      watch(home, '--as', name, '--exec', keep(file(name)));
    }
    const texts = Array.from({ length: 12 }, (_, index) => `wall-${index}`);
    for (const text of texts) await home.send('skill:paint', text);
    const all = (): string[] => ['red', 'green', 'blue'].flatMap((name) => linesOf(file(name)));
    await until('all walls are painted', () => all().length >= texts.length);
    for (const name of ['red', 'green', 'blue']) {
      await becomes('nothing waits', async () => (await home.waiting(name)).length === 0);
    }
    assert.deepEqual(all().toSorted(), texts.toSorted());
    const busy = ['red', 'green', 'blue'].filter((name) => linesOf(file(name)).length > 0);
    assert.ok(busy.length > 1, `only ${busy.join()} had work`);
  });

  it('of a topic each get all, in order', async () => {
    for (const name of ['ear-1', 'ear-2']) {
      await home.ok('agents', 'add', name, '--topic', 'news');
      watch(home, '--as', name, '--exec', keep(file(name)));
    }
    const texts = ['one', 'two', 'three'];
    for (const text of texts) await home.send('topic:news', text);
    await until('both have heard', () =>
      ['ear-1', 'ear-2'].every((name) => linesOf(file(name)).length >= texts.length),
    );
    assert.deepEqual(linesOf(file('ear-1')), texts);
    assert.deepEqual(linesOf(file('ear-2')), texts);
  });

  it('of one inbox never have the same message', async () => {
    await home.ok('agents', 'add', 'shared');
    for (const each of ['a', 'b'])
      watch(home, '--as', 'shared', '--exec', keep(file(`by-${each}`)));
    // One inbox keeps the order of each sender: of several they can be handed out side by side.
    for (const name of ['s1', 's2', 's3', 's4']) await home.ok('agents', 'add', name);
    const texts = Array.from({ length: 12 }, (_, index) => `m${index}`);
    await Promise.all(
      texts.map((text, index) => home.send('shared', text, '--as', `s${1 + (index % 4)}`)),
    );
    await becomes(
      'all are done',
      async () => (await home.inbox('shared')).handled === texts.length,
    );
    const all = [...linesOf(file('by-a')), ...linesOf(file('by-b'))];
    assert.deepEqual(all.toSorted(), texts.toSorted());
  });
});

describe('what dies', () => {
  let home: BusHome;
  let file: (name: string) => string;
  before(() => {
    home = openBusHome();
    file = (name) => join(home.person, name);
  });

  it('as a watcher leaves its message to the next one, once', async () => {
    await home.ok('agents', 'add', 'mortal', '--handle', '500ms');
    const first = watch(
      home,
      '--as',
      'mortal',
      '--exec',
      `echo begun > ${file('begun')}; sleep 600`,
    );
    await home.send('mortal', 'carry on');
    await until('it is at work', () => existsSync(file('begun')));
    first.child.kill('SIGKILL');
    await first.ended;
    watch(home, '--as', 'mortal', '--exec', keep(file('second')));
    await becomes('it is done', async () => (await home.inbox('mortal')).handled === 1);
    assert.deepEqual(linesOf(file('second')), ['carry on']);
    assert.equal((await home.inbox('mortal')).died, 0);
  });

  it('as the node, between hand-out and answer: the message comes once more, and only once', async () => {
    await home.ok('agents', 'add', 'steady', '--handle', '2s');
    const id = await home.send('steady', 'remember me');
    const [taken] = await home.data<Letter>('inbox', '--as', 'steady', '--take', '1');
    assert.equal(taken?.id, id);
    await killNode(home);
    // What was handed out is still out: nobody else gets it before its time is over.
    assert.equal((await home.waiting('steady').catch(() => restarted(home)))[0]?.tries, 1);
    let again: readonly Letter[] = [];
    await becomes('it comes again', async () => {
      again = await home.data<Letter>('inbox', '--as', 'steady', '--take', '9');
      return again.length > 0;
    });
    assert.deepEqual(
      again.map((each) => [each.id, each.tries]),
      [[id, 2]],
    );
    await home.ok('inbox', '--as', 'steady', '--ack', id);
    await killNode(home);
    await home.ok('up');
    const { handled, messages } = await home.inbox('steady');
    assert.deepEqual([handled, messages.length], [1, 0]);
  });

  it('as the node, leaves watchers waiting: they go on when it is there again', async () => {
    await home.ok('agents', 'add', 'patient');
    const watcher = watch(home, '--as', 'patient', '--exec', keep(file('patient')));
    await home.send('patient', 'before');
    await until('it is heard', () => linesOf(file('patient')).length === 1);
    await home.ok('down');
    await watcher.saw(/The node has stopped; waiting for it/u);
    await home.send('patient', 'after');
    await until('it is heard', () => linesOf(file('patient')).length === 2);
    await killNode(home);
    // Who watches starts a node that died; one that was stopped on purpose stays down.
    await home.send('patient', 'after the crash');
    await until('it is heard', () => linesOf(file('patient')).length === 3);
    assert.deepEqual(linesOf(file('patient')), ['before', 'after', 'after the crash']);
  });
});

async function killNode(home: BusHome): Promise<void> {
  const pid = (await home.nodePid()) ?? assert.fail('the node is down');
  process.kill(pid, 'SIGKILL');
  await until('it is dead', () => !isAlive(pid));
}

async function restarted(home: BusHome): Promise<Awaited<ReturnType<BusHome['waiting']>>> {
  await home.ok('up');
  return home.waiting('steady');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
