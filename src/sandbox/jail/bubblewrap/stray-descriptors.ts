/** Descriptors that this process was started with and would hand on to every program that it starts. */
import fs from 'node:fs';

const O_CLOEXEC = 0o2000000;
const FIRST_STRAY = 3;

/** Their numbers, without those of the three standard streams. Node closes its own by itself. */
export function strayDescriptors(): readonly number[] {
  return fs
    .readdirSync('/proc/self/fd')
    .map(Number)
    .filter((descriptor) => descriptor >= FIRST_STRAY && isHandedOn(descriptor));
}

function isHandedOn(descriptor: number): boolean {
  try {
    const info = fs.readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1');
    const flags = Number.parseInt(/^flags:\s*([0-7]+)/m.exec(info)?.[1] ?? '0', 8);
    return Math.floor(flags / O_CLOEXEC) % 2 === 0;
  } catch {
    // The one that the folder itself was read with is closed by now.
    return false;
  }
}
