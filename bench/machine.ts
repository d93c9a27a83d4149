/** Says on what machine, and in what company, figures were measured. */
import { execFileSync } from 'node:child_process';
import { readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, platform, release, totalmem, tmpdir } from 'node:os';

/** The file systems we name; others are shown by number. */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x01021994: 'tmpfs',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x794c7630: 'overlayfs',
};

/** One paragraph: processor, memory, disk, versions, load. */
export function describeMachine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const memoryGb = Math.round(totalmem() / 2 ** 30);
  const { type } = statfsSync(tmpdir());
  const disk = FILE_SYSTEMS[type] ?? `file system 0x${type.toString(16)}`;
  const { node, sqlite } = process.versions as Record<string, string>;
  const [load = 0] = loadavg();
  return [
    `${availableParallelism()} cores of ${model}${isVirtual() ? ' (virtual machine)' : ''}`,
    `${memoryGb} GB`,
    `${disk} for temporary files`,
    `${platform()} ${release()}`,
    `Node ${node}, SQLite ${sqlite}, git ${gitVersion()}`,
    `load ${load.toFixed(1)} at the start`,
  ].join(', ');
}

function isVirtual(): boolean {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8').includes(' hypervisor');
  } catch {
    return false;
  }
}

const gitVersion = (): string =>
  execFileSync('git', ['--version'], { encoding: 'utf8' }).trim().split(' ').at(-1) ?? '';
