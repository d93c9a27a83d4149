/** Where a tool was installed: the folder that holds it with its libraries. */
import fs from 'node:fs';
import path from 'node:path';

const PROGRAM_FOLDERS = ['bin', 'sbin', 'shims'];
const LIBRARY_FOLDERS = ['lib', 'lib64', 'libexec'];
const MOST_HOPS = 40;

/**
 * The installation of a program or of a folder of programs: the `node_modules` it is in, or the folder
 * with `bin` and `lib` in it. Null when there is none, so that only itself can be shown. `~/.local` has
 * that form but is where everything keeps its data, passwords too.
 */
export function installationOf(real: string, home: string): string | null {
  const modules = /^(.*?\/node_modules)(\/|$)/.exec(real)?.[1];
  if (modules !== undefined) return modules;
  const folder = PROGRAM_FOLDERS.includes(path.basename(real)) ? real : path.dirname(real);
  if (!PROGRAM_FOLDERS.includes(path.basename(folder))) return null;
  const prefix = path.dirname(folder);
  if (prefix === path.join(home, '.local')) return null;
  return LIBRARY_FOLDERS.some((name) => fs.existsSync(path.join(prefix, name))) ? prefix : null;
}

/** A link in a folder, the paths on the way, and the file at its end. */
export interface LinkTarget {
  readonly link: string;
  readonly hops: readonly string[];
  readonly file: string;
}

/** The links of a folder that lead to a file somewhere else. */
export function linkTargets(folder: string): readonly LinkTarget[] {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (!entry.isSymbolicLink()) return [];
    const link = path.join(folder, entry.name);
    try {
      const file = fs.realpathSync(link);
      // What is no program is no tool: a link to a folder or a secret is not followed.
      if (path.dirname(file) === folder || !isProgram(file)) return [];
      return [{ link, hops: hopsOf(link), file }];
    } catch {
      return [];
    }
  });
}

function isProgram(file: string): boolean {
  const stat = fs.statSync(file);
  return stat.isFile() && (stat.mode & 0o111) !== 0;
}

function hopsOf(link: string): readonly string[] {
  const hops: string[] = [];
  let at = link;
  while (hops.length < MOST_HOPS && fs.lstatSync(at).isSymbolicLink()) {
    at = path.resolve(path.dirname(at), fs.readlinkSync(at));
    hops.push(at);
  }
  return hops;
}
