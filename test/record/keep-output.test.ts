/** What is kept of outputs: the limits of one and of all of a mission. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlobReference, Ledger } from '#ledger/ledger.ts';
import { makeLedgerReader } from '#ledger/ledger-reader.ts';
import { getBlob, putBlobs } from '#ledger/store/blob-store.ts';
import { openBlobDatabase } from '#ledger/store/database.ts';
import { makeTestLedger } from '../support/test-ledger.ts';
import { keepOutput, MAX_MISSION_OUTPUT_BYTES, MAX_OUTPUT_BYTES } from '#tasks/keep-output.ts';

/** A mission on a real record; `told` puts an output on it as that of a check. */
function makeWork() {
  const { database, store } = makeTestLedger();
  const blobs = openBlobDatabase(':memory:');
  const put = (text: string): Promise<BlobReference> =>
    Promise.resolve(putBlobs(blobs, [Buffer.from(text)])[0] as BlobReference);
  const ledger = { read: makeLedgerReader(database), blobs: { putText: put } } as unknown as Ledger;
  const work = { ledger, mission: 'm' };
  let checks = 0;
  const told = (output: object): void => {
    checks += 1;
    const about = { kind: 'check', effect: `m/check/${checks}`, subject: 'check/x', mission: 'm' };
    const intent = { name: 'x', command: 'x', phase: 'base', timeoutMs: 1 };
    store('effect.intend', { ...about, data: intent });
    const ended = { exitCode: 0, signal: null, timedOut: false, durationMs: 1 };
    store('effect.finish', { ...about, data: { ...ended, output } });
  };
  const read = ({ blob }: { readonly blob?: BlobReference }): string =>
    getBlob(blobs, blob?.hash ?? '').toString('utf8');
  return { work, told, read };
}

const lines = (bytes: number): string => 'a line of output\n'.repeat(bytes / 17);

test('a little stays in the event, more goes to a blob', async () => {
  const { work, read } = makeWork();
  assert.deepEqual(await keepOutput(work, 'two lines\n', 10), {
    text: 'two lines\n',
    totalBytes: 10,
  });
  const kept = await keepOutput(work, lines(17_000), 17_000);
  assert.deepEqual([kept.text, kept.totalBytes], [undefined, 17_000]);
  assert.equal(read(kept), lines(17_000));
});

test('of one output its end is kept, measured as it is stored', async () => {
  const { work, read } = makeWork();
  // What is no UTF-8 was read as a character of three bytes each.
  const binary = Buffer.alloc(MAX_OUTPUT_BYTES, 0xff).toString('utf8');
  assert.equal(Buffer.byteLength(binary), 3 * MAX_OUTPUT_BYTES);
  const kept = read(await keepOutput(work, binary, MAX_OUTPUT_BYTES));
  assert.match(kept, /^\[\d+ bytes before this are not kept\]\n\ufffd/u);
  assert.ok(Buffer.byteLength(kept) < MAX_OUTPUT_BYTES + 100, `${kept.length} characters`);
});

test('all outputs of a mission have a limit: later ones keep what an event holds', async () => {
  const { work, told } = makeWork();
  const long = lines(MAX_OUTPUT_BYTES);
  let blobs = 0;
  for (; blobs < 1_000; blobs += 1) {
    const kept = await keepOutput(work, `${blobs} ${long}`.slice(0, MAX_OUTPUT_BYTES), 10 ** 6);
    told(kept);
    if (kept.blob !== undefined) continue;
    assert.match(kept.text ?? '', /^\[9\d+ bytes before this are not kept\]\na line of output\n/u);
    break;
  }
  assert.equal(blobs, Math.floor(MAX_MISSION_OUTPUT_BYTES / (MAX_OUTPUT_BYTES - 6)));
  assert.notEqual((await keepOutput({ ...work, mission: 'n' }, long, 10 ** 6)).blob, undefined);
});
