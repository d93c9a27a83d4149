/**
 * A control group for one run: a wall around all its processes together, which a limit of a single
 * process can't be. A group is joined by the process that becomes the jail, before it starts anything,
 * so that nothing of a run is ever outside. Its name tells who owns it; what a killed Skein left behind
 * is swept by the next one.
 */
import type { JailLimits } from '#sandbox/jail/jail.ts';

/** What a group measured. Null where the kernel doesn't tell. Page cache counts in `peakBytes`. */
export interface GroupUsage {
  readonly cpuMs: number | null;
  readonly peakBytes: number | null;
  /** Whether a process was killed because the group met its memory limit. */
  readonly oom: boolean;
}

/** The group of one run. */
export interface Group {
  /** A process joins by writing its id to each of these. */
  readonly joinFiles: readonly string[];
  readonly usage: () => GroupUsage;
  /** SIGKILL to all that is in it; what is born meanwhile needs another call. */
  readonly kill: () => void;
  /** Whether it is gone; false as long as something in it is alive. */
  readonly remove: () => boolean;
}

/** What the groups of this machine can do. */
export interface Groups {
  readonly version: 'v1' | 'v2';
  readonly limits: { readonly memory: boolean; readonly processes: boolean };
  /** Makes a group, empty and limited; throws `sandbox-failed` when the kernel refuses. */
  readonly open: (limits: Pick<JailLimits, 'memoryBytes' | 'processes'>) => Group;
}
