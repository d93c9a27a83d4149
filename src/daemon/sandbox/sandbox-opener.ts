/** Opens the sandbox of this machine for a node. */
import { openSandbox } from '#sandbox/open-sandbox.ts';
import type { HomePaths } from '../home/home-paths.ts';
import type { NodePrograms } from '../programs/node-programs.ts';
import type { OpenNodeSandbox } from './node-sandbox.ts';
import { readSecret } from './read-secret.ts';

/** With the jail that the node has found, and nothing of the home to be seen. */
export const sandboxOpener =
  (paths: HomePaths, env: NodeJS.ProcessEnv, programs: NodePrograms): OpenNodeSandbox =>
  (folder) =>
    openSandbox({
      folder,
      searchPath: env['PATH'] ?? '',
      forbidden: [paths.home],
      findJail: programs.jail,
      readSecret: async (name) => readSecret(paths.home, name),
    });
