/** No walls: a program runs as the person, in a process group that ends as a whole. */
import { startGroup } from './process-group.ts';
import type { ProgramHost } from './program-host.ts';

/** The host where nothing better holds. */
export const OPEN_HOST: ProgramHost = {
  enclosure: null,
  start: async ({ argv, cwd, environment, input, output }) =>
    startGroup({ argv, cwd, environment, input, output }),
};
