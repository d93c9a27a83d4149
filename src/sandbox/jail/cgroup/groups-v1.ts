/** Control groups of version 1: one folder per controller; `memory` and `pids` limit, `cpuacct` measures. */
import fs from 'node:fs';
import path from 'node:path';
import { SkeinError } from '#protocol/errors.ts';
import type { Group, Groups } from './cgroup.ts';
import { newGroupName } from './group-name.ts';
import { killListed, readCount, readKey, tryRemove, tryWrite } from './kernel-files.ts';

const CONTROLLERS = ['memory', 'pids', 'cpuacct'] as const;

/** The folders in which a new group gets one of its own, by controller. */
export type ParentsV1 = Partial<Record<(typeof CONTROLLERS)[number], string>>;

/** Those of our own controllers in which groups can be made. */
export function parentsV1(own: ReadonlyMap<string, string>): ParentsV1 {
  const usable = CONTROLLERS.flatMap((controller) => {
    const folder = own.get(controller);
    return folder !== undefined && canMake(folder) ? [[controller, folder]] : [];
  });
  return Object.fromEntries(usable) as ParentsV1;
}

function canMake(parent: string): boolean {
  const folder = path.join(parent, newGroupName());
  try {
    fs.mkdirSync(folder);
  } catch {
    return false;
  }
  return tryRemove(folder);
}

/** Groups below these folders. */
export function groupsV1(parents: ParentsV1): Groups {
  const limits = { memory: parents.memory !== undefined, processes: parents.pids !== undefined };
  return {
    version: 'v1',
    limits,
    open: (asked) => {
      const name = newGroupName();
      const own = Object.fromEntries(
        Object.entries(parents).map(([controller, parent]) => [
          controller,
          path.join(parent, name),
        ]),
      ) as ParentsV1;
      const group = groupOf(own);
      try {
        for (const folder of Object.values(own)) fs.mkdirSync(folder);
      } catch (cause) {
        group.remove();
        throw refusal(name, cause);
      }
      if (limitMemory(own.memory, asked.memoryBytes) && limitCount(own.pids, asked.processes)) {
        return group;
      }
      group.remove();
      throw refusal(name);
    },
  };
}

const refusal = (name: string, cause?: unknown): SkeinError =>
  new SkeinError('sandbox-failed', `Cannot limit a run: the kernel refuses the group ${name}`, {
    cause,
    fix: 'Look whether Skein may still write below its control group in /sys/fs/cgroup',
  });

function limitMemory(folder: string | undefined, bytes: number): boolean {
  if (folder === undefined) return true;
  if (!tryWrite(`${folder}/memory.limit_in_bytes`, String(bytes))) return false;
  // With swap together; a kernel that does not count swap is told to use none.
  return (
    tryWrite(`${folder}/memory.memsw.limit_in_bytes`, String(bytes)) ||
    tryWrite(`${folder}/memory.swappiness`, '0')
  );
}

const limitCount = (folder: string | undefined, processes: number): boolean =>
  folder === undefined || tryWrite(`${folder}/pids.max`, String(processes));

function groupOf({ memory, pids, cpuacct }: ParentsV1): Group {
  const folders = [memory, pids, cpuacct].filter((folder) => folder !== undefined);
  return {
    joinFiles: folders.map((folder) => `${folder}/cgroup.procs`),
    usage: () => {
      const nanoseconds = cpuacct === undefined ? null : readCount(`${cpuacct}/cpuacct.usage`);
      const kills = memory === undefined ? 0 : readKey(`${memory}/memory.oom_control`, 'oom_kill');
      return {
        cpuMs: nanoseconds === null ? null : Math.round(nanoseconds / 1e6),
        peakBytes: memory === undefined ? null : readCount(`${memory}/memory.max_usage_in_bytes`),
        oom: (kills ?? 0) > 0,
      };
    },
    kill: () => {
      // What can't be born can't escape the list.
      if (pids !== undefined) tryWrite(`${pids}/pids.max`, '0');
      for (const folder of folders) killListed(folder);
    },
    remove: () => folders.map(tryRemove).every(Boolean),
  };
}
