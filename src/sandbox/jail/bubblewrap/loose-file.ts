/** A file without a name, to hand text to a program by its descriptor: nothing of it stays on disk. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { randomUUID } from 'node:crypto';

/** An open descriptor that reads `content` from the start; whoever gets it closes it. */
export function openLooseFile(content: string | Uint8Array): number {
  const name = path.join(os.tmpdir(), `skein-jail-${randomUUID()}`);
  // `wx+` follows no link that somebody put there, and nobody else may read it in between.
  const file = fs.openSync(name, 'wx+', 0o600);
  try {
    fs.unlinkSync(name);
    const bytes = Buffer.from(content);
    let written = 0;
    // Written at a position, so that the descriptor itself still stands at the start.
    while (written < bytes.length) {
      written += fs.writeSync(file, bytes, written, bytes.length - written, written);
    }
  } catch (cause) {
    fs.closeSync(file);
    throw cause;
  }
  return file;
}
