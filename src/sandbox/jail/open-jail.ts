/** Chooses how jails are made on this machine: the first way that holds when it is tried. */
import type { ProbeReport } from '#sandbox/sandbox.ts';
import type { JailBackend } from './jail.ts';

/** Why a way to make jails can't be used, and what to do about it. */
export interface Unusable {
  readonly problem: string;
  readonly fix: string;
}

/** One way to make jails; `open` never throws. */
export interface JailWay {
  readonly mechanism: JailBackend['mechanism'];
  readonly open: () => Promise<JailBackend | Unusable>;
}

/** Those that Skein knows, the best first. Each is loaded when it is tried. */
export const JAIL_WAYS: readonly JailWay[] = [
  {
    mechanism: 'bubblewrap',
    open: async () => (await import('./bubblewrap/open-bubblewrap.ts')).openBubblewrap(),
  },
  {
    mechanism: 'landlock under unshare',
    open: async () =>
      (await import('./landlock/open-landlock.ts')).openLandlock({ way: 'unshare' }),
  },
  {
    mechanism: 'landlock',
    open: async () => (await import('./landlock/open-landlock.ts')).openLandlock({ way: 'plain' }),
  },
];

/** What was found: the jail that holds, if any, and what was tried. */
export interface FoundJail {
  readonly jail: JailBackend | null;
  readonly reports: readonly ProbeReport[];
}

/** Tries one way after the other until one holds; all of them when `all` is set. Never throws. */
export async function openJail({
  ways = JAIL_WAYS,
  all = false,
}: {
  readonly ways?: readonly JailWay[];
  readonly all?: boolean;
} = {}): Promise<FoundJail> {
  const reports: ProbeReport[] = [];
  let jail: JailBackend | null = null;
  for (const way of ways) {
    if (jail !== null && !all) break;
    const opened = await way.open();
    const report = 'problem' in opened ? unusable(way, opened) : await opened.probe();
    reports.push(report);
    if (report.holds && !('problem' in opened)) jail ??= opened;
  }
  return { jail, reports };
}

const unusable = ({ mechanism }: JailWay, { problem, fix }: Unusable): ProbeReport => ({
  enclosure: { tier: 'T2', mechanism, strength: 'kernel', walls: [], versions: {} },
  holds: false,
  attempts: [],
  problem,
  fix,
});
