/** What a verification finds in the record of a test's node. */
import { reducers } from '#daemon/state-tables.ts';
import { verifySignature } from '#identity/signer.ts';
import { ChainWalk } from '#ledger/verify/verify-chain.ts';
import { DamageList } from '#ledger/verify/verify-damage.ts';
import { SPACE } from '../support/test-ledger.ts';
import type { TestNode } from '../support/test-nodes.ts';

/** All findings. */
export function damageOf({ database, signer }: TestNode): readonly object[] {
  const damage = new DamageList();
  const request = { space: SPACE, reducers, anchors: [], verifySignature };
  new ChainWalk({ ...request, self: signer.key }, damage).run(database);
  return damage.list;
}
