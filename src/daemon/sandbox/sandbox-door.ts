/** The sandbox as the API asks for it: runs in a space, in the name of who asks. */
import type { AskedRun, RunLine, SandboxDoor } from '#api/sandbox-door.ts';
import type { Ledger } from '#ledger/ledger.ts';
import type { Speaker } from '#protocol/command.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { CallTool, Sandbox } from '#sandbox/sandbox.ts';
import { readRun } from './read-run.ts';
import type { RecordedSandbox, RunTold } from './recorded-sandbox.ts';

/** What it is made of. */
export interface SandboxDoorParts {
  readonly sandbox: Pick<Sandbox, 'probe'>;
  readonly recorded: RecordedSandbox;
  /** That of the space that is named, else of the home's. */
  readonly ledgerOf: (space: string | undefined) => Promise<Ledger>;
  /** The tools of who asks; in a repository, when one is named. */
  readonly toolsFor: (speaker: Speaker, tools: NonNullable<AskedRun['tools']>) => CallTool;
}

/** The door of a node's sandbox. */
export const makeSandboxDoor = (parts: SandboxDoorParts): SandboxDoor => ({
  run: async ({ request, space, tools }, speaker, signal) => {
    const ledger = await parts.ledgerOf(space);
    const callTool = tools === undefined ? {} : { callTool: parts.toolsFor(speaker, tools) };
    const told = parts.recorded.run({ request, speaker, ledger, signal, ...callTool });
    return begunLines(told);
  },
  report: async ({ run, space }, speaker) => {
    const report = await readRun(await parts.ledgerOf(space), run);
    if (speaker.authority !== 'peer' || report.by === speaker.actor) return report;
    throw new SkeinError(
      'unauthorized',
      `Cannot show run ${run}: ${speaker.actor} did not ask for it`,
    );
  },
  probe: (again) => parts.sandbox.probe({ again }),
});

/** Waits for the first line: a run that is refused has no lines but an error. */
async function begunLines(told: AsyncIterable<RunTold>): Promise<AsyncIterable<RunLine>> {
  const iterator = told[Symbol.asyncIterator]();
  const first = await iterator.next();
  return (async function* lines() {
    try {
      for (let next = first; next.done !== true; next = await iterator.next()) {
        yield lineOf(next.value);
      }
    } finally {
      await iterator.return?.();
    }
  })();
}

function lineOf(told: RunTold): RunLine {
  switch (told.type) {
    case 'begun':
      return { ...told, type: 'started' };
    case 'stdout':
    case 'stderr':
      return { type: told.type, chunk: Buffer.from(told.chunk).toString('base64') };
    case 'ended': {
      const { run, space, result, diff } = told;
      const changed = result.changed.map(({ content: _, ...rest }) => rest);
      return { type: 'finished', run, space, result: { ...result, changed }, diff };
    }
    default:
      return told;
  }
}
