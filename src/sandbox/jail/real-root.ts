/** Who Skein is on this machine. */
import { readFileSync } from 'node:fs';

/** Root of the machine, not the root of a user namespace that is somebody else outside. */
export function isRealRoot(): boolean {
  if (process.getuid?.() !== 0) return false;
  return /^\s*0\s+0\s/.test(readFileSync('/proc/self/uid_map', 'latin1'));
}
