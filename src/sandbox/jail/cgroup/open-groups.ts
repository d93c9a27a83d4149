/** Finds out which control groups can be made here, and sweeps those that a killed Skein left. */
import fs from 'node:fs';
import path from 'node:path';
import type { Groups } from './cgroup.ts';
import { isLeftover } from './group-name.ts';
import { groupsV1, parentsV1 } from './groups-v1.ts';
import { groupsV2, parentV2 } from './groups-v2.ts';
import { killListed, readText, tryRemove } from './kernel-files.ts';
import { ownFolders } from './own-folders.ts';

const SWEEP_TRIES = 50;
const SWEEP_PAUSE_MS = 10;

/** Groups that limit memory or the number of processes; null where none can be made. */
export async function openGroups(): Promise<Groups | null> {
  const own = ownFolders(
    readText('/proc/self/cgroup') ?? '',
    readText('/proc/self/mountinfo') ?? '',
  );
  const parent = own.v2 === null ? null : parentV2(own.v2);
  if (parent !== null) {
    await sweepGroups([parent]);
    return groupsV2(parent);
  }
  const parents = parentsV1(own.v1);
  await sweepGroups(Object.values(parents));
  const limits = parents.memory !== undefined || parents.pids !== undefined;
  return limits ? groupsV1(parents) : null;
}

/** Kills and removes what dead owners left below these folders; tries for half a second at most. */
export async function sweepGroups(parents: readonly string[]): Promise<void> {
  for (let tries = 0; tries < SWEEP_TRIES; tries += 1) {
    const left = parents.flatMap(leftovers).filter((folder) => !tryRemove(folder));
    if (left.length === 0) return;
    for (const folder of left) killListed(folder);
    await new Promise((resolve) => setTimeout(resolve, SWEEP_PAUSE_MS));
  }
}

const leftovers = (parent: string): string[] =>
  fs.existsSync(parent)
    ? fs
        .readdirSync(parent)
        .filter(isLeftover)
        .map((name) => path.join(parent, name))
    : [];
