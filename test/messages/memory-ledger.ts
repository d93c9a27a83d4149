/** The contract of a ledger over a node in memory: every command is a commit of its own, at once. */
import { makeLedgerReader } from '#ledger/ledger-reader.ts';
import type { Ledger, LedgerStats } from '#ledger/ledger.ts';
import type { Outcome, Pending } from '#ledger/outcome.ts';
import { CommitBell, subscribe } from '#ledger/subscription.ts';
import { sha256 } from '#lib/sha256.ts';
import { SkeinError } from '#protocol/errors.ts';
import { SPACE } from '../support/test-ledger.ts';
import type { TestNode } from '../support/test-nodes.ts';

/** What a test may look at besides. */
export interface MemoryLedger extends Ledger {
  /** Executes several as one commit. */
  readonly flush: (pending: readonly Pending[]) => readonly Outcome[];
  /** Called before each command; throws for it to fail. */
  failing: ((name: string) => void) | undefined;
}

/** Opens one; `close` ends its subscriptions only. */
export function makeMemoryLedger(node: TestNode): MemoryLedger {
  const read = makeLedgerReader(node.database);
  const bell = new CommitBell();
  const closing = new AbortController();
  const blobs = new Map<string, Buffer>();
  const put = async (content: Uint8Array): Promise<{ hash: string; bytes: number }> => {
    const hash = sha256(content);
    blobs.set(hash, Buffer.from(content));
    return { hash, bytes: content.length };
  };
  const flush = (pending: readonly Pending[]): readonly Outcome[] => {
    const outcomes = node.core.flush(pending);
    bell.ring();
    return outcomes;
  };
  const ledger: MemoryLedger = {
    space: SPACE,
    read,
    failing: undefined,
    flush,
    execute: async (command, speaker) => {
      ledger.failing?.(command.name);
      const [outcome] = flush([{ command, speaker }]);
      if (outcome?.type !== 'stored') throw outcome?.error ?? new Error('nothing came of it');
      return outcome.receipt;
    },
    subscribe: (from) => {
      const signal = AbortSignal.any([closing.signal, ...(from.signal ? [from.signal] : [])]);
      return subscribe(read, bell, { ...from, signal });
    },
    exchange: {
      ...node.chains,
      take: async (page, reactions = []) => {
        const taken = node.core.take(page, reactions);
        bell.ring();
        return taken;
      },
      hasBlob: (hash) => blobs.has(hash),
    },
    stats: () => ({ events: node.core.position }) as LedgerStats,
    blobs: {
      put,
      putText: (text) => put(Buffer.from(text)),
      get: (hash) => {
        const found = blobs.get(hash);
        if (found === undefined) throw new SkeinError('blob-missing', `Cannot read blob ${hash}`);
        return found;
      },
    },
    close: async () => closing.abort(),
  };
  return ledger;
}
