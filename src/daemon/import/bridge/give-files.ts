/** Writes messages for old peers as JSON files: whole and durable, or not there at all. */
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { makeFolder, syncFolder } from '#ledger/store/durable-file.ts';
import type { OutgoingMessage } from './bridge.ts';

/** Where files are written before they get their name; hidden, so that nobody carries them away. */
const WORKSHOP = '.skein';

/** Others of the machine may carry the files: their rights are those of the person's own files. */
const FOLDER_MODE = 0o755;
const FILE_MODE = 0o644;

/** Makes the folders of a bridge. */
export function prepareOutbox(folder: string): void {
  for (const name of ['inbox', 'outbox', 'archive']) makeFolder(join(folder, name), FOLDER_MODE);
  for (const name of ['inbox', 'outbox', 'archive'])
    makeFolder(join(folder, name, WORKSHOP), FOLDER_MODE);
}

/** The file of a message: the keys that old programs look for, and by `skein` where it comes from. */
export function fileOf(message: OutgoingMessage, origin: string): string {
  const { id, from, to, kind, text, sentAt, priority, replyTo } = message;
  const answer = replyTo === undefined ? {} : { reply_to: replyTo };
  const file = { id, from, to, type: kind, body: text, timestamp: sentAt, priority, ...answer };
  return `${JSON.stringify({ ...file, skein: origin }, null, 2)}\n`;
}

/** Writes the file of a message into `outbox`; returns when it is durable. Again: nothing more. */
export function giveFile(outbox: string, message: OutgoingMessage, origin: string): void {
  const path = join(outbox, `${message.id}.json`);
  const content = fileOf(message, origin);
  if (!isThere(path, content)) {
    const draft = join(outbox, WORKSHOP, `${message.id}.${process.pid}`);
    try {
      writeFileSync(draft, content, { mode: FILE_MODE, flush: true });
      renameSync(draft, path);
    } catch (thrown) {
      rmSync(draft, { force: true });
      throw thrown;
    }
  }
  syncFolder(outbox);
}

/** It may be from before a crash, and not be durable yet. */
function isThere(path: string, content: string): boolean {
  try {
    if (readFileSync(path, 'utf8') !== content) return false;
    const descriptor = openSync(path, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw thrown;
  }
}
