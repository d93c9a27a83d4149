/**
 * Files that name the runs under way: a node that was killed left some, and its successor says on the
 * record that they ended. A file is durable before the start is recorded and goes after the end is.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder, writeDurably } from '#ledger/store/durable-file.ts';
import type { Ledger } from '#ledger/ledger.ts';
import type { Speaker } from '#protocol/command.ts';
import { assertKnownFormat } from '#protocol/known-format.ts';
import { writeAbandoned } from './run-notes.ts';

/** A run that has begun or is about to. */
export interface OpenRun {
  readonly run: string;
  readonly space: string;
  /** Where the record ended when it was about to begin. */
  readonly position: number;
  readonly startedMs: number;
  /** The id of the command that records its end: whoever says it first has said it. */
  readonly finishCommand: string;
}

/** What runs are closed with. */
export interface Closing {
  readonly open: (space: string) => Promise<Ledger>;
  readonly speaker: Speaker;
  readonly now: () => number;
  readonly newId: () => string;
  readonly report: (thrown: unknown) => void;
}

const FORMAT = 1;
const SUFFIX = '.json';
const PAGE = 500;

/** The runs under way of one home. */
export class OpenRuns {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    makeFolder(folder);
  }

  /** From now on a killed node is known to have had it. */
  add(run: OpenRun): void {
    writeDurably(this.#path(run.run), `${JSON.stringify({ format: FORMAT, ...run })}\n`);
  }

  /** Its end is on the record, or it never began. Should the file come back, it is said once. */
  remove(run: string): void {
    rmSync(this.#path(run), { force: true });
  }

  /** Records the end of every run that an earlier node left open; one that can't be is tried again later. */
  async closeLeft(closing: Closing): Promise<void> {
    for (const name of readdirSync(this.#folder).filter((each) => each.endsWith(SUFFIX))) {
      try {
        const left = this.#read(name);
        await closeOne(left, closing);
        this.remove(left.run);
      } catch (thrown) {
        closing.report(thrown);
      }
    }
  }

  #read(name: string): OpenRun {
    const file = join(this.#folder, name);
    const { format, ...run } = JSON.parse(readFileSync(file, 'utf8')) as OpenRun & {
      readonly format: number;
    };
    assertKnownFormat(format, FORMAT, file);
    return run;
  }

  #path(run: string): string {
    return join(this.#folder, `${run}${SUFFIX}`);
  }
}

async function closeOne(left: OpenRun, { open, speaker, now, newId }: Closing): Promise<void> {
  const ledger = await open(left.space);
  if (!isStarted(ledger, left)) return;
  const writer = { ledger, speaker, run: left.run, newId };
  const reason = 'the node was killed while it ran';
  const durationMs = now() - left.startedMs;
  await writeAbandoned(writer, 'killed', { reason, durationMs }, left.finishCommand);
}

function isStarted({ read }: Ledger, { run, position }: OpenRun): boolean {
  const subject = `"subject":"run/${run}"`;
  for (let after = position; ;) {
    const page = read.events({ after, limit: PAGE });
    const found = page.some(
      ({ type, body }) => type === 'sandbox.started' && body?.includes(subject) === true,
    );
    const last = page.at(-1);
    if (found || last === undefined) return found;
    after = last.position;
  }
}
