/** Repairs a damaged space: keeps the damaged files, rebuilds what can be proven, says what is lost. */
import type { Damage } from '#ledger/ledger.ts';
import { salvageSpace } from '#ledger/salvage/salvage.ts';
import { verifySignature } from '#identity/signer.ts';
import { anchorCopy } from './anchor-copy.ts';
import type { Spaces } from '../spaces.ts';
import { requestRestart, setAside } from './space-files.ts';

/** What was found in a space and, when it was carried out, what came of the repair. */
export interface RepairReport {
  readonly space: string;
  readonly damage: readonly Damage[];
  readonly repaired: boolean;
  readonly keptIn: string | null;
  readonly commits: number;
  readonly events: number;
  readonly lost: readonly string[];
}

/** Rebuilds the space from its own files and reopens it on a new chain. */
export async function repairSpace(
  spaces: Spaces,
  space: string,
  damage: readonly Damage[],
): Promise<RepairReport> {
  return spaces.rebuild(space, (folder, epoch) => {
    const keptIn = setAside(folder, 'damaged');
    const { commits, events, lost } = salvageSpace({
      from: keptIn,
      to: folder,
      space,
      epoch,
      verifySignature,
    });
    anchorCopy(folder);
    const kinds = [...new Set(damage.map(({ kind }) => kind))].join(', ');
    requestRestart(folder, `repaired after ${kinds}`, lost);
    return { space, damage, repaired: true, keptIn, commits, events, lost };
  });
}
