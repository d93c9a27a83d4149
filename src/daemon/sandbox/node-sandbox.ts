/**
 * The sandbox of a node: opened when somebody first asks for it. What an earlier node left open is
 * closed on the record when the node starts.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { SandboxDoor } from '#api/sandbox-door.ts';
import type { Sandbox } from '#sandbox/sandbox.ts';
import type { CommandParts } from '../commands/command-parts.ts';
import { chosenSpace } from '../home/default-space.ts';
import { OpenRuns } from './open-runs.ts';
import { RecordedSandbox } from './recorded-sandbox.ts';
import { makeSandboxDoor, type SandboxDoorParts } from './sandbox-door.ts';

/** Opens the sandbox; it may keep what it has prepared or found out in `folder`. */
export type OpenNodeSandbox = (folder: string) => Promise<Sandbox>;

/** The sandbox of a running node. `isBusy` while a run is under way or waits. */
export interface NodeSandbox {
  readonly door: SandboxDoor;
  readonly isBusy: () => boolean;
  readonly closeLeft: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** What it needs of the node. */
export interface NodeSandboxParts {
  readonly parts: CommandParts;
  readonly open: OpenNodeSandbox;
  readonly toolsFor: SandboxDoorParts['toolsFor'];
  readonly report: (thrown: unknown) => void;
}

/** One core is left to the node. */
const atOnce = (): number => Math.max(1, availableParallelism() - 1);

interface Opened {
  readonly recorded: RecordedSandbox;
  readonly door: SandboxDoor;
}

/** Makes it; nothing is opened yet. */
export function makeNodeSandbox({ parts, open, toolsFor, report }: NodeSandboxParts): NodeSandbox {
  const { paths, spaces, key, newId, now } = parts;
  const folder = join(paths.home, 'sandbox');
  const openRuns = new OpenRuns(join(folder, 'open'));
  let opening: Promise<Opened> | undefined;
  let opened: Opened | undefined;
  const openOnce = async (): Promise<Opened> => {
    const sandbox = await open(folder);
    const recorded = new RecordedSandbox({
      sandbox,
      openRuns,
      atOnce: atOnce(),
      newId,
      now,
      report,
    });
    const ledgerOf: SandboxDoorParts['ledgerOf'] = (space) => chosenSpace(parts, space);
    opened = { recorded, door: makeSandboxDoor({ sandbox, recorded, ledgerOf, toolsFor }) };
    return opened;
  };
  const use = (): Promise<Opened> => {
    opening ??= openOnce().catch((thrown: unknown) => {
      // The next who asks tries again.
      opening = undefined;
      throw thrown;
    });
    return opening;
  };
  return {
    door: {
      run: async (asked, speaker, signal) => (await use()).door.run(asked, speaker, signal),
      report: async (query, speaker) => (await use()).door.report(query, speaker),
      probe: async (again) => (await use()).door.probe(again),
    },
    isBusy: () => {
      const { running = 0, waiting = 0 } = opened?.recorded.sizes ?? {};
      return running + waiting > 0;
    },
    closeLeft: () =>
      openRuns.closeLeft({
        open: (space) => spaces.open(space),
        speaker: { actor: `node:${key.slice(0, 16)}`, authority: 'system' },
        now,
        newId,
        report,
      }),
    close: async () => {
      await opening?.catch(() => undefined);
      await opened?.recorded.close();
    },
  };
}
