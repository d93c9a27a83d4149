/** Where a program of the system is. */
import fs from 'node:fs';
import path from 'node:path';

const SYSTEM_FOLDERS = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
];

/** Its absolute path, in the system's folders first and then in PATH; undefined when it is nowhere. */
export const findProgram = (name: string): string | undefined =>
  [...SYSTEM_FOLDERS, ...(process.env['PATH'] ?? '').split(':')]
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => path.join(folder, name))
    .find((file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile());
