/** What the benches of the sandbox find on this machine: its jails, its Python, and a folder of their own. */
import { spawnSync } from 'node:child_process';
import type { JailBackend } from '#sandbox/jail/jail.ts';
import { openBubblewrap } from '#sandbox/jail/bubblewrap/open-bubblewrap.ts';
import { openLandlock } from '#sandbox/jail/landlock/open-landlock.ts';
import type { Finding } from '../report.ts';

/** Why something can't be measured here. */
export interface Absent {
  readonly problem: string;
}

/** A way to make jails, and what it gave. */
export interface TriedJail {
  readonly name: string;
  readonly jail: JailBackend | Absent;
  /** What a jail may cost above a plain start, in milliseconds. */
  readonly goalMs: number;
}

/** What all parts share. */
export interface Setting {
  readonly folder: string;
  readonly jails: readonly TriedJail[];
  /** The first that was there: it is the one that a node would take. */
  readonly jail: JailBackend | Absent;
  /** The interpreter itself, no script that looks for it. */
  readonly python: string | Absent;
}

/** Finds it; every way to make a jail is tried, since each is measured. */
export async function findSetting(folder: string): Promise<Setting> {
  const jails: readonly TriedJail[] = [
    { name: 'bubblewrap', jail: await openBubblewrap(), goalMs: 20 },
    { name: 'Landlock under unshare', jail: await openLandlock({ way: 'unshare' }), goalMs: 60 },
    { name: 'Landlock', jail: await openLandlock({ way: 'plain' }), goalMs: 60 },
  ];
  const [first] = jails.flatMap(({ jail }) => ('problem' in jail ? [] : [jail]));
  const why = jails.map(({ jail }) => ('problem' in jail ? jail.problem : '')).join('; ');
  return { folder, jails, jail: first ?? { problem: why }, python: findPython() };
}

function findPython(): string | Absent {
  // A version manager puts a slow script in the search path: its figures would flatter us.
  const script = 'import sys; print(sys.executable)';
  const { status, stdout } = spawnSync('python3', ['-c', script], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : { problem: 'there is no program python3' };
}

/** Says in the table, and at once, what was not measured and why. */
export function notMeasured(work: string, { problem }: Absent): Finding {
  process.stderr.write(`  NOT MEASURED: ${work}: ${problem}\n`);
  return { work, figure: `**not measured**: ${problem}` };
}
