/**
 * Opens a file below a root and nothing else: no link, at no place of its path, no pipe that would block,
 * no device. Looked at is what was opened, not what stood there a moment before.
 */
import { constants, type Stats } from 'node:fs';
import { open, readlink, realpath, type FileHandle } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** What a file is, or why it isn't opened; the reason completes "it is ...". */
export type Opened<T> =
  | { readonly type: 'read'; readonly stats: Stats; readonly value: T }
  | { readonly type: 'refused'; readonly reason: string }
  | { readonly type: 'missing' };

const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Opens the regular file `path` below `root` (a real path), and closes it after `read`. */
export async function withFile<T>(
  root: string,
  path: string,
  read: (file: FileHandle, stats: Stats) => Promise<T>,
): Promise<Opened<T>> {
  const target = join(root, path);
  const file = await openOrReason(target);
  if (!('fd' in file)) return file;
  try {
    const stats = await file.stat();
    if (!stats.isFile()) return { type: 'refused', reason: 'no regular file' };
    if ((await locate(file, target)) !== target) {
      return { type: 'refused', reason: 'below a link' };
    }
    return { type: 'read', stats, value: await read(file, stats) };
  } finally {
    await file.close();
  }
}

async function openOrReason(target: string): Promise<FileHandle | Opened<never>> {
  try {
    return await open(target, FLAGS);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { type: 'missing' };
    if (code === 'ELOOP' || code === 'EMLINK') return { type: 'refused', reason: 'a link' };
    return { type: 'refused', reason: `a file that can't be opened (${code})` };
  }
}

/** Where the opened file really is: the kernel's word for it where there is one. */
async function locate(file: FileHandle, target: string): Promise<string> {
  if (process.platform === 'linux') return readlink(`/proc/self/fd/${file.fd}`);
  return realpath(target);
}

const CHUNK_BYTES = 256 * 1024;

/** The content of an open file from its beginning, piece by piece; a piece is valid until the next. */
async function* chunksOf(file: FileHandle, chunkBytes: number): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafe(chunkBytes);
  for (let position = 0; ;) {
    const { bytesRead } = await file.read(buffer, 0, chunkBytes, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** All bytes of an open file; null when there are more than `maxBytes`, whatever its size said. */
export async function readAll(file: FileHandle, maxBytes: number): Promise<Uint8Array | null> {
  const { size } = await file.stat();
  if (size > maxBytes) return null;
  const chunks: Uint8Array[] = [];
  let total = 0;
  // one byte more: the end is found with the first read
  for await (const chunk of chunksOf(file, Math.min(size + 1, CHUNK_BYTES))) {
    total += chunk.length;
    if (total > maxBytes) return null;
    chunks.push(Uint8Array.from(chunk));
  }
  const all = new Uint8Array(total);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** SHA-256 of an open file in hexadecimal digits, without holding it. */
export async function hashAll(file: FileHandle): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of chunksOf(file, CHUNK_BYTES)) hash.update(chunk);
  return hash.digest('hex');
}
