/**
 * The names of groups. They hold who owns them: namespace, process and its start, so that a later Skein
 * knows a group whose owner was killed, and never takes away one that is in use.
 */
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { isAlive, readProcess } from '../bubblewrap/process-state.ts';

const PATTERN = /^skein-(\d+)-(\d+)-(\d+)-[0-9a-f]+$/;

/** A name for a new group of this process. */
export function newGroupName(): string {
  const start = readProcess(process.pid)?.startTicks ?? '0';
  return `skein-${pidNamespace()}-${process.pid}-${start}-${randomUUID().slice(0, 8)}`;
}

/** Whether it is the name of a group that a dead Skein of this pid namespace left. */
export function isLeftover(name: string): boolean {
  const [, namespace, pid, startTicks] = PATTERN.exec(name) ?? [];
  if (pid === undefined || startTicks === undefined) return false;
  // In another namespace the same number is another process, of which nothing is known here.
  if (namespace !== pidNamespace()) return false;
  return !isAlive({ pid: Number(pid), startTicks });
}

const pidNamespace = (): string => /\d+/.exec(fs.readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
