/**
 * Which entries differ between two git trees, with modes and object ids: what git stores, so that
 * no attribute, filter or setting has a say in it.
 */
import { isUtf8 } from 'node:buffer';
import { runGit } from '#workspace/git/run-git.ts';
import { splitAtZero } from '#workspace/git/tracked-files.ts';

/** One side of a change. `mode` is six digits as git writes them; zeros mean that it is not there. */
export interface TreeEntry {
  readonly mode: string;
  readonly object: string;
}

/** An entry that differs; `status` is git's letter (M, A, D, T). */
export interface RawChange {
  readonly path: string;
  readonly nameIsUtf8: boolean;
  readonly status: string;
  readonly from: TreeEntry;
  readonly to: TreeEntry;
}

/** Two trees (or commits) of the repository at `cwd`; no `paths` means all, each taken literally. */
export interface TreePair {
  readonly cwd: string;
  readonly from: string;
  readonly to: string;
  readonly paths?: readonly string[];
}

/** The arguments of a comparison that no setting, attribute or .gitmodules of the person changes. */
export const compareArgs = (
  { from, to, paths = [] }: TreePair,
  flags: readonly string[],
): readonly string[] => [
  '--literal-pathspecs',
  'diff-tree',
  '-r',
  '--no-renames',
  '--no-ext-diff',
  '--no-textconv',
  // else .gitmodules could hide that a submodule moved
  '--ignore-submodules=none',
  ...flags,
  from,
  to,
  '--',
  ...paths,
];

/** All entries in which two trees differ, in git's order of paths. */
export async function compareTrees(pair: TreePair): Promise<readonly RawChange[]> {
  const args = compareArgs(pair, ['--raw', '-z', '--no-abbrev']);
  return parseRawChanges((await runGit({ cwd: pair.cwd, args })).stdout);
}

/** What `--raw -z --no-abbrev --no-renames` of git prints. */
export function parseRawChanges(printed: Buffer): readonly RawChange[] {
  const fields = splitAtZero(printed);
  const changes: RawChange[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = fields[at + 1] ?? Buffer.alloc(0);
    const [oldMode = '', newMode = '', oldObject = '', newObject = '', status = ''] = String(
      fields[at],
    )
      .slice(1)
      .split(' ');
    changes.push({
      path: name.toString('utf8'),
      nameIsUtf8: isUtf8(name),
      status,
      from: { mode: oldMode, object: oldObject },
      to: { mode: newMode, object: newObject },
    });
  }
  return changes;
}
