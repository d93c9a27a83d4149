/** What a node runs the programs of repositories behind: found when it is first needed, then kept. */
import { homedir } from 'node:os';
import { openJail, type FoundJail } from '#sandbox/jail/open-jail.ts';
import { OPEN_HOST } from '#workspace/programs/open-host.ts';
import { isolationOf, type ProgramHost } from '#workspace/programs/program-host.ts';
import type { HomePaths } from '../home/home-paths.ts';
import { makeJailHost } from './jail-host.ts';

/** The programs of a node. */
export interface NodePrograms {
  readonly host: () => Promise<ProgramHost>;
  /** The jail that was found; null when there is none, or an operator wants none. `all`: every way is tried. */
  readonly jail: (all?: boolean) => Promise<FoundJail>;
  /** What is known so far, for whoever does not want to wait. */
  readonly isolation: () => string;
}

/** `SKEIN_SANDBOX=off` in the environment of a node: its operator wants no walls. */
export const wantsNoWalls = (env: NodeJS.ProcessEnv): boolean => env['SKEIN_SANDBOX'] === 'off';

/** Makes it; nothing is tried yet. */
export function makeNodePrograms(paths: HomePaths, env: NodeJS.ProcessEnv): NodePrograms {
  const closed = { home: env['HOME'] ?? homedir(), folders: [paths.home] };
  let known = 'not tried yet';
  let finding: Promise<FoundJail> | undefined;
  const jail = (all = false): Promise<FoundJail> => {
    if (wantsNoWalls(env)) return Promise.resolve({ jail: null, reports: [] });
    if (all) return openJail({ all });
    finding ??= openJail();
    return finding;
  };
  const host = async (): Promise<ProgramHost> => {
    const found = await jail();
    const { scratch } = paths;
    const made =
      found.jail === null ? OPEN_HOST : makeJailHost({ jail: found.jail, closed, scratch });
    known = isolationOf(made);
    return made;
  };
  return { host, jail, isolation: () => known };
}
