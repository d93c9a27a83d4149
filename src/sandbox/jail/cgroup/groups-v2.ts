/** Control groups of version 2: one folder for all; our own group or one above has to be ours to divide. */
import fs from 'node:fs';
import path from 'node:path';
import { SkeinError } from '#protocol/errors.ts';
import type { Group, Groups } from './cgroup.ts';
import { newGroupName } from './group-name.ts';
import { killListed, readCount, readKey, readText, tryRemove, tryWrite } from './kernel-files.ts';

/**
 * The nearest folder from `folder` up to `root` below which groups with limits of memory or processes can
 * be made. A group that has processes can't be divided, so that it is often the one above.
 */
export function parentV2({ folder, root }: { folder: string; root: string }): string | null {
  for (let at = folder; at.startsWith(root); at = path.dirname(at)) {
    if (canDivide(at)) return at;
    if (at === root || at === '/') break;
  }
  return null;
}

function canDivide(parent: string): boolean {
  try {
    fs.accessSync(`${parent}/cgroup.procs`, fs.constants.W_OK);
    for (const controller of ['memory', 'pids', 'cpu']) {
      tryWrite(`${parent}/cgroup.subtree_control`, `+${controller}`);
    }
    if (!/\b(memory|pids)\b/.test(readText(`${parent}/cgroup.subtree_control`) ?? '')) return false;
    const trial = path.join(parent, newGroupName());
    fs.mkdirSync(trial);
    return tryRemove(trial);
  } catch {
    return false;
  }
}

/** Groups below `parent`. */
export function groupsV2(parent: string): Groups {
  const has = (readText(`${parent}/cgroup.subtree_control`) ?? '').trim().split(' ');
  const limits = { memory: has.includes('memory'), processes: has.includes('pids') };
  return {
    version: 'v2',
    limits,
    open: (asked) => {
      const folder = path.join(parent, newGroupName());
      const values = [
        ...(limits.memory ? [['memory.max', String(asked.memoryBytes)]] : []),
        ...(limits.processes ? [['pids.max', String(asked.processes)]] : []),
      ];
      try {
        fs.mkdirSync(folder);
      } catch (cause) {
        throw refusal(folder, cause);
      }
      // What is half dead is of no use; a kernel before 4.19 can't do that, and one without swap not this.
      tryWrite(`${folder}/memory.oom.group`, '1');
      tryWrite(`${folder}/memory.swap.max`, '0');
      if (values.every(([file, value]) => tryWrite(`${folder}/${file}`, value ?? ''))) {
        return groupV2(folder);
      }
      tryRemove(folder);
      throw refusal(folder);
    },
  };
}

const refusal = (folder: string, cause?: unknown): SkeinError =>
  new SkeinError('sandbox-failed', `Cannot limit a run: the kernel refuses the group ${folder}`, {
    cause,
    fix: 'Look whether Skein may still write below its control group in /sys/fs/cgroup',
  });

/** The group that is this folder. */
export const groupV2 = (folder: string): Group => ({
  joinFiles: [`${folder}/cgroup.procs`],
  usage: () => {
    const microseconds = readKey(`${folder}/cpu.stat`, 'usage_usec');
    return {
      cpuMs: microseconds === null ? null : Math.round(microseconds / 1000),
      peakBytes: readCount(`${folder}/memory.peak`),
      oom: (readKey(`${folder}/memory.events`, 'oom_kill') ?? 0) > 0,
    };
  },
  kill: () => {
    // Since Linux 5.14, and at once; before it, what can't be born can't escape the list.
    if (tryWrite(`${folder}/cgroup.kill`, '1')) return;
    tryWrite(`${folder}/pids.max`, '0');
    killListed(folder);
  },
  remove: () => tryRemove(folder),
});
