/** What the table says of a server's version is what that server does. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { inspectNats, missingFeatures } from '#bus/nats/server-features.ts';
import { NATS_PROGRAM, skipWithoutNats, startNats } from './nats-server.ts';

const SEEN = [
  'stream metadata',
  'stream compression',
  'first sequence',
  'subject transform',
  'message TTL',
  'atomic batch',
];

describe('the features of the NATS server here', { skip: skipWithoutNats }, () => {
  it('are those of its version: what it drops silently was foreseen', async (context) => {
    const server = await startNats('jetstream: enabled');
    context.after(() => server.stop());
    const report = await inspectNats({ servers: [server.address] }, 'test');
    context.diagnostic(`nats-server ${report.version} drops ${report.seenMissing.join(', ')}`);
    const foreseen = report.missing.map(({ name }) => name).filter((name) => SEEN.includes(name));
    assert.equal(report.jetstream, true);
    assert.deepEqual(report.seenMissing.toSorted(), foreseen.toSorted());
    assert.doesNotMatch(server.log(), /ERR/);
  });

  it('are told of a server without JetStream as well', async (context) => {
    const server = await startNats();
    context.after(() => server.stop());
    const { jetstream, seenMissing } = await inspectNats({ servers: [server.address] }, 'test');
    assert.deepEqual([jetstream, seenMissing], [false, []]);
  });

  it('say whether it knows the sync interval: one that does not, does not start', () => {
    const folder = mkdtempSync(join(tmpdir(), 'skein-sync-'));
    const file = join(folder, 'nats.conf');
    writeFileSync(file, `jetstream { store_dir: "${folder}", sync_interval: always }\n`);
    const version = /\d+\.\d+\.\d+/.exec(
      spawnSync(NATS_PROGRAM, ['--version'], { encoding: 'utf8' }).stdout,
    );
    const { status } = spawnSync(NATS_PROGRAM, ['-c', file, '-t']);
    rmSync(folder, { recursive: true, force: true });
    const lacks = missingFeatures(version?.[0] ?? '').some(({ name }) => name === 'sync interval');
    assert.equal(status !== 0, lacks);
  });
});
