/**
 * A real pipe for the output of a program. Node gives children sockets, on which writing to
 * /dev/stderr fails and two streams lose their order; a named pipe, opened and removed at once,
 * behaves as in a terminal's `| cat`.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Both ends: `writer` is a descriptor for the child, `reader` a stream that ends with it. */
export interface OutputPipe {
  readonly writer: number;
  readonly reader: Socket;
  /** Closes our copy of the writing end; call it after the child has started. */
  readonly closeWriter: () => void;
}

/** Opens a pipe. */
export function openOutputPipe(): OutputPipe {
  const folder = mkdtempSync(join(tmpdir(), 'skein-pipe-'));
  try {
    const name = join(folder, 'output');
    execFileSync('mkfifo', ['-m', '600', name], { stdio: 'ignore' });
    // a reader that doesn't wait must be there first, else opening the writer would wait for it
    const reading = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(name, constants.O_WRONLY);
    const reader = new Socket({ fd: reading, readable: true, writable: false });
    return { writer, reader, closeWriter: () => closeSync(writer) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
