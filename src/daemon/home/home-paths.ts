/** Where the files of a home are. Imported by every command, so it imports next to nothing. */
import { homedir, tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { shortSha256 } from '#lib/short-sha256.ts';

/** The paths of one home; `socket` is short, whatever the length of the home's own path. */
export interface HomePaths {
  readonly home: string;
  readonly socket: string;
  readonly nodeKey: string;
  readonly personToken: string;
  /** Tokens of agents that are no part of the node: `<name>.token`. */
  readonly agentTokens: string;
  readonly defaultSpace: string;
  /** How the node meets others, and whom it has invited. */
  readonly network: string;
  readonly invitations: string;
  readonly owner: string;
  readonly format: string;
  readonly spaces: string;
  readonly worktrees: string;
  readonly scratch: string;
  /** The folders of commands in the sandbox, while they run. */
  readonly runs: string;
  readonly log: string;
}

/** The home: `--home`, else SKEIN_HOME, else `$XDG_DATA_HOME/skein`. */
export function findHome(given: string | undefined, env: NodeJS.ProcessEnv): string {
  const data = env['XDG_DATA_HOME'] ?? join(env['HOME'] ?? homedir(), '.local', 'share');
  return resolve(given ?? env['SKEIN_HOME'] ?? join(data, 'skein'));
}

/** All paths of the home. A socket's path may have 107 bytes, so its name is a hash of the home's. */
export function homePaths(home: string, env: NodeJS.ProcessEnv): HomePaths {
  const name = `${shortSha256(home).slice(0, 16)}.sock`;
  return {
    home,
    socket: join(socketFolder(env), name),
    nodeKey: join(home, 'identity', 'node.key'),
    personToken: join(home, 'identity', 'person.token'),
    agentTokens: join(home, 'identity', 'agents'),
    defaultSpace: join(home, 'default-space.json'),
    network: join(home, 'network.json'),
    invitations: join(home, 'invitations.json'),
    owner: join(home, 'owner.db'),
    format: join(home, 'format.json'),
    spaces: join(home, 'spaces'),
    worktrees: join(home, 'worktrees'),
    scratch: join(home, 'scratch'),
    runs: join(home, 'sandbox', 'runs'),
    log: join(home, 'node.log'),
  };
}

const MAX_FOLDER_BYTES = 80;

/** `$XDG_RUNTIME_DIR/skein`, else a folder of this user in the temporary directory. */
function socketFolder(env: NodeJS.ProcessEnv): string {
  const runtime = env['XDG_RUNTIME_DIR'];
  if (runtime !== undefined && runtime !== '' && Buffer.byteLength(runtime) < MAX_FOLDER_BYTES) {
    return join(runtime, 'skein');
  }
  const base = Buffer.byteLength(tmpdir()) < MAX_FOLDER_BYTES ? tmpdir() : '/tmp';
  return join(base, `skein-${userInfo().uid}`);
}
