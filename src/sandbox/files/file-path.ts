/**
 * Which relative paths may go into a sandbox and come out of it. What comes out was spelled by a program
 * that nobody trusts, and has to mean the same file on every system: so no spelling that some file
 * system reads as another one, and none that is `.git` to any of them.
 */

/** Longer paths can't be opened (PATH_MAX of Linux, its final NUL counted). */
export const MAX_PATH_BYTES = 4_095;
const MAX_NAME_BYTES = 255;

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/u;

/** Device names of Windows, with any extension: opening one opens the device. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\..*)?$/iu;

/**
 * Why `path` may not be used, or null when its spelling is fine; completes "Cannot ...: <reason>". Looks
 * at no disk.
 */
export function pathProblem(path: string): string | null {
  if (path === '') return 'it is empty';
  if (!path.isWellFormed() || path.includes('\ufffd')) return 'its name is not valid UTF-8';
  if (CONTROL.test(path)) return 'its name has control characters';
  if (path.includes('\\')) return 'its name has a backslash';
  if (path.startsWith('/')) return 'it is absolute';
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return 'it is too long';
  for (const name of path.split('/')) {
    const problem = nameProblem(name);
    if (problem !== null) return problem;
  }
  return null;
}

function nameProblem(name: string): string | null {
  if (name === '') return 'it has an empty part';
  if (name === '.' || name === '..') return `it has the part ${name}`;
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return 'a part of it is too long';
  if (isGitFolder(name)) return 'it is in a .git folder';
  // a stream of NTFS, or a drive
  if (name.includes(':')) return 'its name has a colon';
  if (DEVICE.test(name)) return 'its name is that of a device on Windows';
  return null;
}

/** Whether some file system takes `name` for `.git`, as in git's own verify_path. */
export const isGitFolder = (name: string): boolean => isSameName(name, '.git');

/**
 * Whether some file system takes `name` for `known` (lower case). Left out are characters that HFS+
 * ignores (git: next_hfs_char) and all others without a look; folded are case and compatible forms (APFS);
 * cut are what NTFS drops: streams, dots and spaces at the end; known are its short names (`GIT~1`).
 */
export function isSameName(name: string, known: string): boolean {
  const visible = name.replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '');
  const folded = visible.normalize('NFKC').toLowerCase();
  const base = (folded.split(':')[0] ?? '').replace(/[. ]+$/u, '');
  return base === known || isShortName(base, known);
}

/** `vscode~1`, and with a hash from the fifth of one beginning on: `vs1a2b~1` (git: is_ntfs_dot_generic). */
function isShortName(base: string, known: string): boolean {
  const [, start, rest] = /^([^~]{1,6})~[0-9]{1,6}(\..*)?$/u.exec(base) ?? [];
  if (start === undefined) return false;
  const plain = known.replace(/^\.+/u, '');
  const dot = plain.lastIndexOf('.');
  const stem = (dot === -1 ? plain : plain.slice(0, dot)).replaceAll(/[. ]/gu, '');
  const extension = dot === -1 ? '' : plain.slice(dot, dot + 4);
  if ((rest ?? '') !== extension) return false;
  const hash = start.slice(2);
  return (
    start === stem.slice(0, 6) ||
    (start.startsWith(stem.slice(0, 2)) && /^[0-9a-f]{4}$/u.test(hash))
  );
}
