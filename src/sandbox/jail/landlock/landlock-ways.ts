/** The ways to make a jail of Landlock on this machine, from the strongest to the plainest. */
import type { Groups } from '../cgroup/cgroup.ts';
import type { KeeperOrder } from './keeper/keeper-order.ts';

/** How jails are made here. */
export interface LandlockWays {
  readonly mechanism: 'landlock' | 'landlock under unshare';
  /** Of Landlock's interface. */
  readonly version: number;
  /** The command that the keeper is started by: `unshare` with its options, or nothing. */
  readonly command: readonly string[];
  readonly sweep: KeeperOrder['sweep'];
  /** It can mount, and everything that is not to be written is read-only by mount as well. */
  readonly ownMounts: boolean;
  /** `/proc` shows its own processes only. */
  readonly ownProcesses: boolean;
  /** The filter of calls; null when tests leave it out. */
  readonly filter: Buffer | null;
  readonly walls: { readonly landlock: boolean };
  readonly groups: Groups | null;
}

/** A way as far as `unshare` decides it. */
export type Shape = Pick<
  LandlockWays,
  'mechanism' | 'command' | 'sweep' | 'ownMounts' | 'ownProcesses'
>;

const NAMESPACES = ['--pid', '--fork', '--kill-child', '--net', '--ipc', '--uts'];

/** Root may make namespaces; others do so in a user namespace, in which they are themselves. */
const asOther = (isRoot: boolean): string[] =>
  isRoot ? [] : ['--user', '--map-current-user', '--keep-caps'];

/** All ways, best first; a way holds only when it was tried. */
export function shapes(unshare: string | undefined, isRoot: boolean): Shape[] {
  const plain: Shape = {
    mechanism: 'landlock',
    command: [],
    sweep: 'scope',
    ownMounts: false,
    ownProcesses: false,
  };
  if (unshare === undefined) return [plain];
  const command = [unshare, ...asOther(isRoot), ...NAMESPACES];
  const under = { mechanism: 'landlock under unshare', sweep: 'namespace' } as const;
  return [
    { ...under, command: [...command, '--mount-proc'], ownMounts: true, ownProcesses: true },
    { ...under, command, ownMounts: false, ownProcesses: false },
    plain,
  ];
}
