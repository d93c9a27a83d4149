/** The ledger as the node uses it: its writer in a thread, readers and followers beside it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after as afterAll, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { openNodeKey } from '#identity/node-key.ts';
import type { Ledger, StoredEvent } from '#ledger/ledger.ts';
import { openHeadFile, readHeadFile } from '#ledger/store/head-file.ts';
import {
  openWorkerLedger,
  verifyInThread,
  type WorkerLedgerOptions,
} from '#ledger/worker-ledger.ts';
import { makeUuidv7 } from '#lib/uuidv7.ts';
import type { Command } from '#protocol/command.ts';
import { human, note, SPACE } from '../support/test-ledger.ts';

const newId = makeUuidv7({
  now: Date.now,
  random: (bytes) => (bytes.set(randomBytes(bytes.length)), bytes),
});
const opened = new Set<Ledger>();
const folders: string[] = [];
afterAll(async () => {
  await Promise.all([...opened].map((ledger) => ledger.close()));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function optionsFor(folder: string, epoch = 1): WorkerLedgerOptions {
  const nodeKey = join(folder, 'node.key');
  return {
    space: SPACE,
    folder,
    writerEntry: new URL('../../src/daemon/writer.ts', import.meta.url),
    verifierEntry: new URL('../../src/daemon/verifier.ts', import.meta.url),
    workerData: { folder, space: SPACE, nodeKey, epoch },
    redact: (text) => ({ text, count: 0 }),
  };
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'skein-worker-'));
  folders.push(folder);
  openNodeKey(join(folder, 'node.key'));
  return folder;
}

async function open(folder = newFolder(), epoch = 1): Promise<Ledger> {
  const ledger = await openWorkerLedger(optionsFor(folder, epoch));
  opened.add(ledger);
  return ledger;
}

const command = (detail: string): Command => ({
  id: newId(),
  name: 'note.record',
  input: note(detail),
});

const write = (ledger: Ledger, details: readonly string[]) =>
  Promise.all(details.map((detail) => ledger.execute(command(detail), human)));

const detailOf = ({ body }: StoredEvent): string => JSON.parse(String(body)).data.detail;

const names = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `${from + index}`);

describe('the writer', () => {
  it('stores many commands of one instant in few commits, each answered for itself', async () => {
    const ledger = await open();
    const receipts = await write(ledger, names(0, 1_000));
    const { commits, events, head } = ledger.stats();
    assert.equal(events, 1_001);
    assert.ok(commits <= 20, `${commits} commits`);
    assert.equal(new Set(receipts.flatMap(({ events: ids }) => ids)).size, 1_000);
    assert.ok(receipts.every(({ repeated, commit }) => !repeated && commit !== null));
    assert.equal(receipts.at(-1)?.commit, head?.hash);
    await write(ledger, ['alone']);
    assert.equal(ledger.stats().commits, commits + 1);
  });

  it('refuses one of them without disturbing the others', async () => {
    const ledger = await open();
    const bad = { id: newId(), name: 'mission.resume', input: { mission: 'none', epoch: 1 } };
    const results = await Promise.allSettled([
      ledger.execute(command('a'), human),
      ledger.execute(bad, human),
      ledger.execute({ ...bad, id: newId(), input: new Map() }, human),
      ledger.execute(command('b'), human),
    ]);
    const outcomes = results.map((each) =>
      each.status === 'rejected' ? each.reason.name : 'stored',
    );
    assert.deepEqual(outcomes, ['stored', 'not-found', 'usage', 'stored']);
  });

  it('has stored what it answered: a second connection sees it at once', async () => {
    const folder = newFolder();
    const ledger = await open(folder);
    const other = new DatabaseSync(join(folder, 'ledger.db'), { readOnly: true });
    const find = other.prepare('SELECT count(*) AS n FROM commits WHERE hash = ?');
    for (const detail of names(0, 20)) {
      const [receipt] = await write(ledger, [detail]);
      assert.equal(find.get(receipt?.commit ?? '')?.['n'], 1);
      assert.equal(ledger.read.position(receipt?.events[0] ?? ''), ledger.stats().events);
      assert.equal(readHeadFile(join(folder, 'head'))?.hash, receipt?.commit);
    }
    other.close();
  });

  it('goes on where it stopped, and an owner before it is fenced off', async () => {
    const folder = newFolder();
    const first = await open(folder);
    const again = command('once');
    const receipt = await first.execute(again, human);
    await first.close();
    const second = await open(folder, 2);
    assert.deepEqual(await second.execute(again, human), { ...receipt, repeated: true });
    const third = await open(folder, 3);
    await assert.rejects(write(second, ['late']), { name: 'epoch-fenced' });
    await write(third, ['in time']);
    assert.deepEqual((await verifyInThread(optionsFor(folder), [])).damage, []);
  });
});

describe('a subscription', () => {
  it('has no gap between history and live, from any event, while others write', async () => {
    const ledger = await open();
    await write(ledger, names(0, 700));
    const writing = (async () => {
      for (let from = 700; from < 1_500; from += 40) {
        await write(ledger, names(from, from + 40));
        await turn();
      }
    })();
    const starts = [0, 1, 499, 500, 501, 701, 1_200];
    const readers = starts.map(async (after) => {
      const stop = new AbortController();
      const seen: StoredEvent[] = [];
      for await (const page of ledger.subscribe({ after, follow: true, signal: stop.signal })) {
        seen.push(...page);
        if (seen.at(-1)?.position === 1_501) stop.abort();
      }
      return seen.map(({ position }) => position);
    });
    await writing;
    for (const [index, positions] of (await Promise.all(readers)).entries()) {
      const after = starts[index] ?? 0;
      assert.deepEqual(positions, names(after + 1, 1_502).map(Number));
    }
  });

  it('resumes after the id of the last event it saw, in the order of commits', async () => {
    const ledger = await open();
    await write(ledger, names(0, 30));
    const all = await Array.fromAsync(ledger.subscribe({ after: 0, follow: false }));
    const events = all.flat();
    assert.equal(events.length, 31);
    const last = JSON.parse(String(events[12]?.body)).id;
    const after = ledger.read.position(last);
    assert.equal(after, 13);
    const rest = await Array.fromAsync(ledger.subscribe({ after: after ?? -1, follow: false }));
    assert.deepEqual(rest.flat(), events.slice(13));
  });

  it('of one mission sees its events only', async () => {
    const ledger = await open();
    const of = (mission: string, detail: string): Command => ({
      id: newId(),
      name: 'note.record',
      input: { ...note(detail), mission },
    });
    for (const [mission, detail] of [
      ['m', 'a'],
      ['n', 'b'],
      ['m', 'c'],
    ] as const) {
      await ledger.execute(of(mission, detail), human);
    }
    const pages = await Array.fromAsync(
      ledger.subscribe({ after: 0, mission: 'm', follow: false }),
    );
    assert.deepEqual(pages.flat().map(detailOf), ['a', 'c']);
  });

  it('that is read slowly keeps nothing in memory: it asks for a page when it wants one', async () => {
    const ledger = await open();
    const slow = ledger.subscribe({ after: 0, follow: true })[Symbol.asyncIterator]();
    await slow.next();
    const text = 'x'.repeat(2_000);
    for (let round = 0; round < 4; round += 1) {
      await write(
        ledger,
        names(0, 1_000).map(() => text),
      );
    }
    let events = 1;
    let largest = 0;
    while (events < 4_001) {
      const { value } = await slow.next();
      events += value.length;
      largest = Math.max(largest, value.length);
    }
    assert.deepEqual([events, largest <= 500], [4_001, true]);
  });
});

describe('blobs', () => {
  it('are durable before they are answered, and read back exactly', async () => {
    const ledger = await open();
    const contents = [Buffer.from('text '.repeat(1_000)), randomBytes(300_000), Buffer.alloc(0)];
    const references = await Promise.all(contents.map((content) => ledger.blobs.put(content)));
    for (const [index, { hash, bytes }] of references.entries()) {
      assert.equal(bytes, contents[index]?.length);
      assert.deepEqual(ledger.blobs.get(hash), contents[index]);
    }
    assert.throws(() => ledger.blobs.get('ab'), { name: 'blob-missing' });
  });

  it('that are too large are refused alone', async () => {
    const ledger = await open();
    const large = new Uint8Array(64 * 1024 * 1024 + 1);
    const [refused, stored] = await Promise.allSettled([
      ledger.blobs.put(large),
      ledger.blobs.put(Buffer.from('small')),
    ]);
    assert.deepEqual([refused?.status, stored?.status], ['rejected', 'fulfilled']);
    assert.equal((refused as PromiseRejectedResult).reason.name, 'payload-too-large');
  });
});

describe('closing', () => {
  it('ends followers, answers what was asked before and refuses what comes after', async () => {
    const folder = newFolder();
    const ledger = await open(folder);
    const follower = Array.fromAsync(ledger.subscribe({ after: 0, follow: true }));
    await turn();
    const before = write(ledger, names(0, 50));
    const closing = ledger.close();
    await assert.rejects(write(ledger, ['late']), { name: 'ledger-closed' });
    await closing;
    assert.equal((await before).length, 50);
    assert.ok((await follower).flat().length >= 1);
    await ledger.close();
    const again = await open(folder, 2);
    assert.equal(again.stats().events, 51);
  });

  it('leaves one file a table and an anchor that is up to date', async () => {
    const folder = newFolder();
    const ledger = await open(folder);
    const [receipt] = await write(ledger, ['last']);
    await ledger.close();
    assert.equal(readHeadFile(join(folder, 'head'))?.hash, receipt?.commit);
    assert.throws(() => readFileSync(join(folder, 'ledger.db-wal')), { code: 'ENOENT' });
  });
});

describe('a damaged record', () => {
  const report = (folder: string) => verifyInThread(optionsFor(folder), []);

  /** A closed record of some commits. */
  async function written(): Promise<string> {
    const folder = newFolder();
    const ledger = await open(folder);
    for (const detail of names(0, 5)) await write(ledger, [detail]);
    await ledger.close();
    assert.deepEqual((await report(folder)).damage, []);
    return folder;
  }

  it('behind its anchor can be read but not written, and keeps the witness of its cut', async () => {
    const folder = await written();
    const database = new DatabaseSync(join(folder, 'ledger.db'));
    database.exec(`DELETE FROM commits WHERE position = 6; DELETE FROM events WHERE position = 6;
      DELETE FROM ids WHERE position = 6`);
    database.close();
    for (const epoch of [2, 3]) {
      const ledger = await open(folder, epoch);
      assert.equal(ledger.stats().events, 5);
      await assert.rejects(write(ledger, ['more']), { name: 'record-damaged' });
      await assert.rejects(ledger.blobs.put(Buffer.from('x')), { name: 'record-damaged' });
      await ledger.close();
      assert.deepEqual(
        (await report(folder)).damage.map(({ kind }) => kind),
        ['tail-cut'],
      );
    }
  });

  it('without its ledger is not begun anew beside its anchor', async () => {
    const folder = await written();
    for (const file of ['ledger.db', 'blobs.db']) rmSync(join(folder, file));
    const ledger = await open(folder, 2);
    assert.equal(ledger.stats().events, 0);
    await assert.rejects(write(ledger, ['more']), { name: 'record-damaged' });
  });

  it('whose anchor is gone or unreadable is not written to', async () => {
    for (const damage of [
      (path: string) => rmSync(path),
      (path: string) => writeFileSync(path, 'x'),
    ]) {
      const folder = await written();
      damage(join(folder, 'head'));
      const ledger = await open(folder, 2);
      await assert.rejects(write(ledger, ['more']), { name: 'record-damaged' });
      assert.deepEqual(
        (await report(folder)).damage.map(({ kind }) => kind),
        ['anchor-missing'],
      );
    }
  });

  it('with another commit at its anchor is not written to', async () => {
    const folder = await written();
    const head = readHeadFile(join(folder, 'head'));
    const file = openHeadFile(join(folder, 'head'));
    for (let slot = 0; slot < 2; slot += 1) {
      file.write({ chain: head?.chain ?? '', seq: head?.seq ?? 0, hash: 'ff'.repeat(32) });
    }
    file.close();
    await assert.rejects(write(await open(folder, 2), ['more']), { name: 'record-damaged' });
  });

  it('that SQLite refuses can not be opened, says so, and is still verified', async () => {
    const folder = await written();
    writeFileSync(join(folder, 'ledger.db'), 'this is not a database, it is a line of text');
    await assert.rejects(open(folder, 2), { name: 'record-damaged' });
    assert.deepEqual(
      (await report(folder)).damage.map(({ kind }) => kind),
      ['file-damaged'],
    );
  });

  it('with a header of a newer format asks for a newer Skein', async () => {
    const folder = await written();
    const database = new DatabaseSync(join(folder, 'ledger.db'));
    database.exec(`UPDATE commits SET header = CAST('{"format":2}' AS BLOB) WHERE position = 6`);
    database.close();
    await assert.rejects(open(folder, 2), { name: 'record-too-new' });
  });

  it('in a folder that is not there is a failing storage, not a hang', async () => {
    const folder = newFolder();
    mkdirSync(join(folder, 'ledger.db'));
    await assert.rejects(open(folder), { name: 'storage-failed' });
  });
});
