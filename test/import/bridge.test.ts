/** The bridge over a real space: nothing is lost and nothing comes twice, wherever it is killed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Bridge, BridgeDoor, BridgeParts } from '#daemon/import/bridge/bridge.ts';
import { openBridge } from '#daemon/import/bridge/open-bridge.ts';
import type { ImportedMessage } from '#daemon/import/old-bus.ts';
import { SkeinError } from '#protocol/errors.ts';
import { tempFolder } from './old-database.ts';
import { openRealSpace, type RealSpace } from './real-space.ts';

const PEER = 'mac-agent';
const PROGRAM = new URL('./programs/bridge-process.ts', import.meta.url).pathname;

const letter = (id: string, body: string): string =>
  JSON.stringify({ id, from: PEER, to: 'builder', type: 'note', body, timestamp: 1_771_324_800 });

/** Puts a file as a careful peer does: under another name first. */
function drop(folder: string, name: string, content: string): void {
  mkdirSync(join(folder, 'inbox'), { recursive: true });
  writeFileSync(join(folder, 'inbox', `.${name}.tmp`), content);
  renameSync(join(folder, 'inbox', `.${name}.tmp`), join(folder, 'inbox', name));
}

const filesIn = (folder: string, name: string): string[] =>
  readdirSync(join(folder, name)).filter((file) => !file.startsWith('.'));

interface Bridged {
  readonly folder: string;
  readonly bridge: Bridge;
  readonly space: RealSpace;
  readonly told: string[];
  readonly texts: () => string[];
}

const spaces: RealSpace[] = [];
after(async () => {
  for (const space of spaces) await space.close();
});

/** A bridge in this process; `change` replaces parts of it. */
async function bridged(
  change: (space: RealSpace, folder: string) => Partial<BridgeParts> = () => ({}),
): Promise<Bridged> {
  const space = await openRealSpace(tempFolder(), 1);
  spaces.push(space);
  const folder = tempFolder();
  for (const name of [PEER, 'builder']) {
    await space.command('agent.register', { name, role: 'peer', skills: [], topics: [] });
  }
  const told: string[] = [];
  const bridge = openBridge({
    folder,
    origin: space.ledger.space,
    peers: [PEER],
    choices: [],
    utcOffsetMinutes: 0,
    door: space.door,
    pause: async () => undefined,
    report: (what) => void told.push(what),
    ...change(space, folder),
  });
  const texts = (): string[] =>
    space.events('message.sent').map(({ data }) => String(data['text']));
  return { folder, bridge, space, told, texts };
}

describe('a bridge', () => {
  it('takes files into the record and archives them, and gives what is sent to a peer', async () => {
    const { folder, bridge, space, texts } = await bridged();
    drop(folder, 'a.json', letter('1', 'from the peer'));
    await space.command('message.send', { to: `agent:${PEER}`, text: 'to the peer' });
    assert.deepEqual(await bridge.round(), { taken: 1, given: 1 });
    assert.deepEqual(texts(), ['to the peer', 'from the peer']);
    assert.deepEqual(filesIn(folder, 'inbox'), []);
    assert.deepEqual(filesIn(folder, 'archive'), ['a.json']);
    const [name = ''] = filesIn(folder, 'outbox');
    const file = JSON.parse(readFileSync(join(folder, 'outbox', name), 'utf8'));
    const [sent] = space.events('message.sent');
    assert.equal(name, `${sent?.id}.json`);
    const { id, to, body, skein } = file;
    assert.deepEqual({ id, to, body }, { id: sent?.id, to: PEER, body: 'to the peer' });
    assert.equal(skein, space.ledger.space);
    assert.equal(space.events('message.handled').length, 1);
    assert.deepEqual(await bridge.round(), { taken: 0, given: 0 });
    // What comes back in a circle is no news; an answer to it is, and says to what.
    drop(folder, name, JSON.stringify(file));
    drop(folder, 'b.json', JSON.stringify({ ...JSON.parse(letter('2', 'yes')), reply_to: id }));
    assert.deepEqual(await bridge.round(), { taken: 2, given: 0 });
    assert.deepEqual(texts(), ['to the peer', 'from the peer', 'yes']);
    assert.equal(space.events('message.sent').at(-1)?.data['replyTo'], id);
  });

  it('takes the same message once, under any name, and keeps files of one name apart', async () => {
    const { folder, bridge, texts } = await bridged();
    for (const [name, body] of [
      ['a.json', 'one'],
      ['again.json', 'one'],
      ['a.json', 'two'],
      ['a.json', 'one'],
    ] as const) {
      drop(folder, name, letter(body, body));
      await bridge.round();
    }
    assert.deepEqual(texts(), ['one', 'two']);
    assert.deepEqual(filesIn(folder, 'archive').toSorted(), ['2', 'a.json', 'again.json']);
    assert.deepEqual(filesIn(folder, 'archive/2'), ['a.json']);
  });

  it('leaves what is half written, tells of it once, and takes it when it is whole', async () => {
    const { folder, bridge, told, texts } = await bridged();
    const whole = letter('1', 'whole at last');
    const path = join(folder, 'inbox/slow.json');
    for (const length of [0, 20, 20, 60]) {
      writeFileSync(path, whole.slice(0, length));
      await bridge.round();
    }
    drop(folder, 'other.json', letter('2', 'not held up'));
    await bridge.round();
    assert.deepEqual(texts(), ['not held up']);
    assert.deepEqual(
      told.map((line) => line.split(' ')[0]),
      Array(3).fill('inbox/slow.json'),
    );
    writeFileSync(path, whole);
    await bridge.round();
    assert.deepEqual(texts(), ['not held up', 'whole at last']);
    assert.ok(existsSync(join(folder, 'archive/slow.json')));
  });

  it('takes both when a file is replaced by another one just before it is archived', async () => {
    let replacement: readonly [string, string] | undefined = ['a.json', letter('2', 'second')];
    const { folder, bridge, texts } = await bridged((_space, place) => ({
      pause: async (point) => {
        if (point !== 'taken' || replacement === undefined) return;
        drop(place, ...replacement);
        replacement = undefined;
      },
    }));
    drop(folder, 'a.json', letter('1', 'first'));
    await bridge.round();
    assert.deepEqual(texts(), ['first', 'second']);
    assert.deepEqual(filesIn(folder, 'inbox'), []);
    // One that can't be read goes back to where it came from.
    replacement = ['b.json', '{"half'];
    drop(folder, 'b.json', letter('3', 'third'));
    await bridge.round();
    assert.deepEqual(texts(), ['first', 'second', 'third']);
    assert.equal(readFileSync(join(folder, 'inbox/b.json'), 'utf8'), '{"half');
  });

  it('confirms nothing whose file could not be written, and gives it later', async () => {
    const { folder, bridge, space } = await bridged();
    const card = { name: PEER, role: 'peer', skills: [], topics: [] };
    await space.command('agent.register', { ...card, handleMs: 100, tries: 100 });
    await space.command('message.send', { to: `agent:${PEER}`, text: 'to the peer' });
    // As good as a full disk: what should be written has no place.
    rmSync(join(folder, 'outbox/.skein'), { recursive: true });
    await assert.rejects(bridge.round(), { code: 'ENOENT' });
    assert.deepEqual(space.events('message.handled'), []);
    assert.deepEqual(filesIn(folder, 'outbox'), []);
    mkdirSync(join(folder, 'outbox/.skein'));
    // It is handed out again when the time to answer is over.
    for (let given = 0; given === 0;) given = (await bridge.round()).given;
    assert.equal(filesIn(folder, 'outbox').length, 1);
    assert.equal(space.events('message.handled').length, 1);
  });

  it('archives nothing that Skein did not take', async () => {
    const answers = ['storage-failed', 'payload-too-large', undefined] as const;
    let round = 0;
    const taken: ImportedMessage[] = [];
    const { folder, bridge, told } = await bridged((space) => {
      const take: BridgeDoor['take'] = async (messages) => {
        const name = answers[round];
        if (name !== undefined) throw new SkeinError(name, 'Cannot take it: as the test says');
        taken.push(...messages);
      };
      return { door: { ...space.door, take } };
    });
    drop(folder, 'a.json', letter('1', 'text'));
    // What may pass ends the round; what won't is told, and the others go on.
    await assert.rejects(bridge.round(), { name: 'storage-failed' });
    for (round = 1; round < 3; round += 1) {
      assert.ok(existsSync(join(folder, 'inbox/a.json')));
      await bridge.round();
    }
    assert.equal(told.length, 1);
    assert.equal(taken.length, 1);
    assert.deepEqual(filesIn(folder, 'archive'), ['a.json']);
  });
});

/** Runs the program until it says a line that matches; then it is killed, or it has ended. */
async function runUntil(pattern: RegExp, args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let seen = false;
  for await (const line of createInterface({ input: child.stdout })) {
    if (!pattern.test(line)) continue;
    seen = true;
    child.kill('SIGKILL');
  }
  await ended;
  assert.ok(seen, `the program said nothing like ${pattern}`);
}

describe('a bridge that is killed', { concurrency: 2 }, () => {
  const points = ['read', 'taken', 'claimed', 'archived', 'written', 'confirmed'] as const;
  for (const point of points) {
    it(`at "${point}" loses nothing and repeats nothing`, async () => {
      const [root, folder] = [tempFolder(), tempFolder()];
      const first = await openRealSpace(root, 1);
      for (const name of [PEER, 'builder']) {
        const card = { name, role: 'peer', skills: [], topics: [], handleMs: 100 };
        await first.command('agent.register', card);
      }
      for (const text of ['x', 'y']) {
        await first.command('message.send', { to: `agent:${PEER}`, text });
      }
      await first.close();
      for (const text of ['a', 'b', 'c']) drop(folder, `${text}.json`, letter(text, text));
      await runUntil(new RegExp(`^paused at ${point}`, 'u'), [root, folder, '2', point]);
      // The lease of what was handed out ends with time: rounds until nothing waits.
      let epoch = 3;
      const ranOut = (): boolean => filesIn(folder, 'outbox').length === 2;
      do {
        await runUntil(/^done/u, [root, folder, String(epoch)]);
        epoch += 1;
      } while (!ranOut() && epoch < 50);
      const last = await openRealSpace(root, epoch);
      const texts = last.events('message.sent').map(({ data }) => String(data['text']));
      assert.deepEqual(texts.toSorted(), ['a', 'b', 'c', 'x', 'y']);
      await last.close();
      assert.deepEqual(filesIn(folder, 'archive').toSorted(), ['a.json', 'b.json', 'c.json']);
      assert.deepEqual(filesIn(folder, 'inbox'), []);
      const outbox = filesIn(folder, 'outbox').map(
        (name) =>
          JSON.parse(readFileSync(join(folder, 'outbox', name), 'utf8')) as { body: string },
      );
      assert.deepEqual(outbox.map(({ body }) => body).toSorted(), ['x', 'y']);
    });
  }

  it('would lose messages if the door were content too early: this test would notice', async () => {
    const [root, folder] = [tempFolder(), tempFolder()];
    for (const text of ['a', 'b']) drop(folder, `${text}.json`, letter(text, text));
    await runUntil(/^paused at archived/u, [root, folder, '1', 'archived', 'hasty']);
    await runUntil(/^done/u, [root, folder, '2']);
    const space = await openRealSpace(root, 3);
    assert.equal(space.events('message.sent').length, 1);
    await space.close();
    assert.equal(filesIn(folder, 'archive').length, 2);
  });
});
