/** A database on a disk that takes nothing, such as a backup: its log is read as well. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { openChaiwala } from '#daemon/import/chaiwala/read-chaiwala.ts';
import { mountMemory, remount, withoutMounts } from '../support/fault-tools.ts';

/** Leaves a message in the log alone, as a program does that is killed. */
const KILLED = `
const { DatabaseSync } = require('node:sqlite');
const database = new DatabaseSync(process.argv[1]);
database.exec('PRAGMA journal_mode = WAL; CREATE TABLE messages (id, sender, recipient, body)');
database.exec("INSERT INTO messages VALUES (1, 'x', 'y', 'in the log')");
process.kill(process.pid, 'SIGKILL');`;

describe('a database on a disk that can not be written', { skip: withoutMounts() }, () => {
  for (const withIndex of [true, false]) {
    it(`is read with its log (${withIndex ? 'with' : 'without'} its -shm file)`, async () => {
      const place = mountMemory(16);
      const path = join(place, 'message_bus.db');
      spawnSync(process.execPath, ['-e', KILLED, path]);
      if (!withIndex) rmSync(`${path}-shm`);
      assert.ok(remount(place, 'ro'));
      const files = readdirSync(place);
      const bus = await openChaiwala(path);
      assert.deepEqual(
        Array.from(bus.messages(), ({ text }) => text),
        ['in the log'],
      );
      bus.close();
      assert.deepEqual(readdirSync(place), files);
      if (withIndex) return;
      // Who opens it as it lies there sees nothing at all.
      assert.throws(() => {
        const reader = new DatabaseSync(path, { readOnly: true });
        reader.exec('SELECT * FROM messages');
      }, /unable to open/);
    });
  }
});
