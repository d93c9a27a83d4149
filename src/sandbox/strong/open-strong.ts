/**
 * The stronger walls that an operator may have installed (T3). Nothing is taken for granted: gVisor is
 * used when a program has tried to get out of it, here, and failed; of the others it is said that Skein
 * can't use them.
 */
import type { JailBackend } from '#sandbox/jail/jail.ts';
import type { Unusable } from '#sandbox/jail/open-jail.ts';
import type { Enclosure, ProbeReport } from '#sandbox/sandbox.ts';
import { findProgram } from './find-program.ts';
import { openRunsc } from './runsc/open-runsc.ts';

/** What was found: the backend that holds, if any, and a report on each that is known. */
export interface FoundStrong {
  /** Its enclosure is that of the report with its mechanism. */
  readonly jail: JailBackend | null;
  readonly reports: readonly ProbeReport[];
}

/** Others that an operator may have, without an adapter: what is shipped has to have been run. */
const WITHOUT_ADAPTER = [
  { mechanism: 'podman', programs: ['podman'], strength: 'kernel' },
  { mechanism: 'docker', programs: ['docker'], strength: 'kernel' },
  { mechanism: 'microvm', programs: ['firecracker', 'cloud-hypervisor'], strength: 'machine' },
] as const;

const USE_GVISOR =
  'Install gVisor (runsc), which Skein uses as T3; the jails of T2 have the walls of a container';

/** Tries what is there. Never throws; starts three guests, which takes seconds, where gVisor is there. */
export async function openStrong({
  open = openRunsc,
}: {
  readonly open?: () => Promise<JailBackend | Unusable>;
} = {}): Promise<FoundStrong> {
  const runsc = await open();
  const own = {
    tier: 'T3',
    mechanism: 'runsc',
    strength: 'machine',
    walls: [],
    versions: {},
  } as const;
  const report = 'problem' in runsc ? unusable(own, runsc) : await runsc.probe();
  const jail = report.holds && !('problem' in runsc) ? runsc : null;
  return { jail, reports: [report, ...WITHOUT_ADAPTER.map(withoutAdapter)] };
}

function withoutAdapter(way: (typeof WITHOUT_ADAPTER)[number]): ProbeReport {
  const { mechanism, programs, strength } = way;
  const found = programs.map(findProgram).find((file) => file !== undefined);
  const where = found === undefined ? 'and it is not installed' : `though there is ${found}`;
  const problem = `Skein has no adapter for ${mechanism} yet, ${where}`;
  const enclosure: Enclosure = { tier: 'T3', mechanism, strength, walls: [], versions: {} };
  return unusable(enclosure, { problem, fix: USE_GVISOR });
}

const unusable = (enclosure: Enclosure, { problem, fix }: Unusable): ProbeReport => ({
  enclosure,
  holds: false,
  attempts: [],
  problem,
  fix,
});
