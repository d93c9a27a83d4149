/**
 * T2: commands in a jail. Each run has a folder of its own, filled with the files that it was given and
 * gone before its result is answered; it sees that, the system and the tools of the search path.
 */
import { SkeinError } from '#protocol/errors.ts';
import type { Enclosure, SandboxRequest, SandboxRun } from '#sandbox/sandbox.ts';
import type { CommandsOptions } from './command-options.ts';
import { CommandRun } from './command-run.ts';

/** The tier. */
export interface CommandTier {
  readonly enclosure: Enclosure;
  readonly run: (request: SandboxRequest) => SandboxRun;
  /** Kills what runs. */
  readonly close: () => Promise<void>;
}

/** Opens it; nothing is started. */
export function openCommands(options: CommandsOptions): CommandTier {
  const { mechanism, walls, versions } = options.jail;
  const { tier } = options;
  const strength = tier === 'T3' ? 'machine' : 'kernel';
  const enclosure: Enclosure = { tier, mechanism, strength, walls, versions };
  const running = new Set<SandboxRun>();
  let isClosed = false;
  return {
    enclosure,
    run: (request) => {
      if (isClosed) throw new SkeinError('sandbox-failed', 'Cannot run a command: it is closed');
      const run = new CommandRun(options, enclosure, request);
      running.add(run);
      const forget = (): boolean => running.delete(run);
      run.result.then(forget, forget);
      return run;
    },
    close: async () => {
      isClosed = true;
      await Promise.all([...running].map(({ kill }) => kill()));
    },
  };
}
