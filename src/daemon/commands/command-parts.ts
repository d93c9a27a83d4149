/** The parts of a node that commands from outside work on. */
import type { Supervisor } from '#supervisor/supervisor.ts';
import type { HomePaths } from '../home/home-paths.ts';
import type { Spaces } from '../spaces.ts';

/** What commands work on. */
export interface CommandParts {
  readonly supervisor: Supervisor;
  readonly spaces: Spaces;
  readonly paths: HomePaths;
  /** Stops the node; resolves when its files are free, and the answer still goes out. */
  readonly stop: () => Promise<void>;
}
