/** Cards as they come from a real record: all of them, however many, and each that changes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countRows, makeLedgerReader } from '#ledger/ledger-reader.ts';
import { CommitBell, subscribe } from '#ledger/subscription.ts';
import { agentId } from '#protocol/address.ts';
import { readCards, type AllCards, type CardLedger } from '#registry/follow-cards.ts';
import { makeTestLedger, SPACE, type TestLedger } from '../support/test-ledger.ts';
import { settle } from './registry-node.ts';

interface Followed {
  readonly ledger: TestLedger;
  readonly all: AllCards[];
  readonly changed: string[];
  readonly register: (...names: readonly string[]) => void;
  readonly ring: () => void;
  readonly follow: () => (signal: AbortSignal) => Promise<void>;
}

function followed(): Followed {
  const ledger = makeTestLedger();
  const bell = new CommitBell();
  const read = makeLedgerReader(ledger.database);
  const [all, changed]: [AllCards[], string[]] = [[], []];
  const cards: CardLedger = {
    space: SPACE,
    read,
    stats: () => ({ ...countRows(ledger.database), ledgerBytes: 0, blobBytes: 0, redacted: 0 }),
    subscribe: (from) => subscribe(read, bell, from),
  };
  return {
    ledger,
    all,
    changed,
    ring: () => bell.ring(),
    register: (...names) => {
      const events = names.map((name) => ({
        type: 'agent.registered',
        subject: `agent/${agentId(name, ledger.signer.key)}`,
        data: { role: 'coder', skills: ['review'], topics: [] },
      }));
      ledger.store('test.state', events);
    },
    follow: () =>
      readCards(cards, {
        all: (told) => void all.push(told),
        node: (key) => void changed.push(key),
        agent: (id) => void changed.push(id),
      }),
  };
}

describe('cards', () => {
  it('are all told, also where the record lists only 10,000 at once', () => {
    const { ledger, all, register, follow } = followed();
    const names = Array.from({ length: 10_300 }, (_, index) => `agent-${index}`);
    register(...names.slice(0, 9_000));
    register(...names.slice(9_000), 'a', 'agent-', 'Z', '_', '-x');
    assert.equal(makeLedgerReader(ledger.database).entities('agent').length, 10_000);
    follow();
    const ids = all[0]?.agents.map(([id]) => id) ?? [];
    assert.equal(ids.length, 10_305);
    assert.equal(new Set(ids).size, 10_305);
    assert.deepEqual(ids, ids.toSorted());
  });

  it('are told when they change, once for all changes that are read together', async () => {
    const { ledger, all, changed, register, ring, follow } = followed();
    const closing = new AbortController();
    const end = follow()(closing.signal);
    register('coder', 'critic');
    register('coder');
    const card = { name: 'n', version: '1', addresses: [], draining: false };
    ledger.store('node.announce', card);
    ring();
    await settle();
    const ids = ['coder', 'critic'].map((name) => agentId(name, ledger.signer.key));
    assert.deepEqual(changed, [ledger.signer.key, ...ids]);
    assert.equal(all.length, 1);
    const data = { key: 'e'.repeat(64), role: 'writer' };
    const subject = `space/${SPACE}`;
    ledger.store('test.state', [{ type: 'space.member-admitted', subject, data }]);
    ring();
    await settle();
    assert.equal(all.length, 2, 'after a change of members everything is told anew');
    assert.equal(all[1]?.members['e'.repeat(64)], 'writer');
    closing.abort();
    ring();
    await end;
  });
});
