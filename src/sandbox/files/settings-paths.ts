/**
 * Files of a project that some program on the host runs or obeys by itself as soon as the folder is opened,
 * entered or committed. A sandboxed program that could leave one of them would run outside a moment
 * later. So they are read-only in a jail and never taken out of it. What runs only when it is asked for
 * (a test, a script of package.json, a workflow of a server) is a change like any other.
 */
import { isSameName } from './file-path.ts';

/** A name that counts at any depth of a path, for the file or for all in the folder, and why. */
export interface SettingsPath {
  readonly name: string;
  readonly reason: string;
}

const of = (reason: string, ...names: readonly string[]): readonly SettingsPath[] =>
  names.map((name) => ({ name, reason }));

/** All of them, in lower case. */
export const SETTINGS_PATHS: readonly SettingsPath[] = [
  ...of('its hooks and settings name programs that git runs', '.git'),
  ...of('it names repositories that git fetches and checks out', '.gitmodules'),
  ...of("it chooses which of the user's filters and drivers git runs", '.gitattributes'),
  ...of('git runs it at the next commit', '.husky', '.githooks', '.lefthook', '.overcommit.yml'),
  ...of('git runs it at the next commit', 'lefthook.yml', 'lefthook.yaml', '.lefthook.yml'),
  ...of('git runs it at the next commit', '.pre-commit-config.yaml'),
  ...of(
    'it gives agents commands, tools and permissions',
    '.claude',
    '.codex',
    '.cursor',
    '.gemini',
  ),
  ...of('it names programs that agents start as servers', '.mcp.json'),
  ...of('the next agent takes it for its orders', 'agents.md', 'claude.md', 'claude.local.md'),
  ...of(
    'the next agent takes it for its orders',
    'agents.override.md',
    'gemini.md',
    '.cursorrules',
  ),
  ...of('it names programs that an editor runs', '.vscode', '.idea', '.vs', '.zed', '.fleet'),
  ...of('it names programs that an editor runs', '.vimrc', '.exrc', '.nvim.lua', '.dir-locals.el'),
  ...of('it names programs that an editor runs', '.devcontainer', '.devcontainer.json'),
  ...of('a shell runs it when the folder is entered', '.envrc', 'mise.toml', '.mise.toml'),
  ...of('it names the programs of package managers', '.npmrc', '.yarnrc', '.yarnrc.yml'),
  ...of('it names the programs that Skein runs', 'skein.yaml'),
];

/** The entry that `path` falls under, in whatever spelling; null for an ordinary path. */
export function findSettingsPath(path: string): SettingsPath | null {
  for (const name of path.split(/[/\\]/u)) {
    const found = SETTINGS_PATHS.find((known) => isSameName(name, known.name));
    if (found !== undefined) return found;
  }
  return null;
}

/** Whether `path` is one of them or lies in one, in any spelling that some file system takes for it. */
export const isSettingsPath = (path: string): boolean => findSettingsPath(path) !== null;
