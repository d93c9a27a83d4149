/** Asks a thread one thing: it works on files of its own and leaves the main thread free. */
import { Worker } from 'node:worker_threads';
import { fromErrorBody, SkeinError, type ErrorBody } from '#protocol/errors.ts';

/** What such a thread says, once: its report, or why there is none. */
export type ThreadAnswer<R> =
  | { readonly report: R; readonly error?: undefined }
  | { readonly error: ErrorBody };

/** Starts the program `entry` with `workerData` and waits for its answer; throws its error. */
export function askThread<R>(
  entry: URL,
  workerData: Readonly<Record<string, unknown>>,
): Promise<R> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(entry, { workerData });
    worker.once('message', (message: ThreadAnswer<R>) => {
      if (message.error === undefined) resolve(message.report);
      else reject(fromErrorBody(message.error));
    });
    worker.once('error', (cause) => reject(gone('it crashed', cause)));
    worker.once('exit', () => reject(gone('it stopped without an answer')));
  });
}

const gone = (state: string, cause?: unknown): SkeinError =>
  new SkeinError('ledger-closed', `Cannot hear from the thread at the record: ${state}`, { cause });
