/**
 * Bugs to plant where nodes meet: each replaces a piece of one source file as it is loaded, in a
 * process that only tells stories of many nodes. `caught` is what the oracle says then.
 */
import type { FaultKind } from '../sim-story.ts';

/**
 * A bug; `find` stands in `file` exactly once. `kinds` are the faults of the stories that show it,
 * `from` is the first seed that is told: those before have not shown it.
 */
export interface NodePlant {
  readonly bug: string;
  readonly kinds: readonly FaultKind[];
  readonly from?: number;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  readonly caught: RegExp;
}

/** In how pages are checked and kept. */
const RECORD_PLANTS: readonly NodePlant[] = [
  {
    bug: 'signature unchecked',
    kinds: ['forge'],
    file: 'src/identity/signer.ts',
    find: 'return signature.length === 64 && verify(',
    replace: 'return signature.length === 64 || verify(',
    caught: /was signed by nobody|believes that/,
  },
  {
    bug: 'page taken past membership',
    kinds: ['forge'],
    file: 'src/ledger/exchange/check-page.ts',
    find: 'if (!isKnown) throw notMember',
    replace: 'if (!isKnown && seq < 0) throw notMember',
    caught: /was signed by nobody/,
  },
  {
    bug: 'seen ignored',
    kinds: ['rough', 'partition'],
    file: 'src/ledger/exchange/check-page.ts',
    find: 'if (commits.length === 0 && aheadMs <= MAX_AHEAD_MS) continue;',
    replace: 'if (aheadMs <= MAX_AHEAD_MS) continue;',
    caught: /came before what it builds on|came to .* out of order|has \d ends/,
  },
  {
    bug: 'cut ignored',
    kinds: ['remove', 'partition'],
    from: 20,
    file: 'src/ledger/state/space-cuts.ts',
    find: 'else if (cut?.chain === chain) ends.push(cut.seq);',
    replace: 'else if (cut?.chain === chain) ends.push();',
    caught: /passes on what does not count|nothing moves any more/,
  },
  {
    bug: 'hlc not observed',
    kinds: ['clock'],
    file: 'src/ledger/own-chain.ts',
    find: '    this.#clock.observe(header.hlc);\n',
    replace: '',
    caught: /is not later than what it builds on/,
  },
  {
    bug: 'a command that comes again has another receipt',
    kinds: ['crash'],
    file: 'src/ledger/command-batch.ts',
    find: 'if (earlier?.id === command.id) return this.#repeat(earlier);',
    replace:
      "if (earlier?.id === command.id) return { type: 'decided', range: null, repeated: true };",
    caught: /was executed again/,
  },
];

/** In how pages travel. */
const SYNC_PLANTS: readonly NodePlant[] = [
  {
    bug: 'cursor moved before it is durable',
    kinds: ['crash', 'rough'],
    file: 'src/sync/session/chain-intake.ts',
    find: 'this.#queue.push(run);',
    replace: `this.#queue.push(run);
    this.#port.advanced({ chain: this.chain, seq: until, hash: idOf(last) });`,
    caught: /believes that|nothing moves any more|is out of order/,
  },
  {
    bug: 'pages are taken without what belongs to them',
    kinds: ['late'],
    file: 'src/sync/session/space-exchange.ts',
    find: 'reactionsTo: (page) => this.#given.reactionsTo?.(page) ?? [],',
    replace: 'reactionsTo: () => [],',
    caught: /has 0 ends|has no end/,
  },
  {
    bug: 'nobody asks for what got lost',
    kinds: ['rough', 'partition'],
    file: 'src/sync/session/chain-intake.ts',
    find: 'const source = this.#port.source(this.chain, after,',
    replace:
      'const source = ((..._: unknown[]) => undefined as PeerSession | undefined)(this.chain, after,',
    caught: /nothing moves any more/,
  },
];

/** In messages and requests. */
const MAIL_PLANTS: readonly NodePlant[] = [
  {
    bug: 'ack lost',
    kinds: ['break'],
    file: 'src/bus/inbox/inbox-reducer.ts',
    find: '{ ...without(inbox, event.data.message), handled: inbox.handled + 1 }',
    replace: '{ ...inbox, handled: inbox.handled + 1 }',
    caught: /was handled twice|nothing moves any more/,
  },
  {
    bug: 'what comes later overtakes what had no room',
    kinds: ['partition'],
    from: 9,
    file: 'src/bus/inbox/hand-out.ts',
    find: 'inbox.deferred[priority] === undefined && roomFor',
    replace: 'roomFor',
    caught: /out of order/,
  },
  {
    bug: 'order by chance',
    kinds: ['partition'],
    from: 1,
    file: 'src/bus/inbox/hand-out.ts',
    find: 'lines[priority].push({ place, message })',
    replace: 'lines[priority].unshift({ place, message })',
    caught: /out of order/,
  },
  {
    bug: 'redelivery without deadline',
    kinds: ['slow'],
    file: 'src/bus/inbox/hand-out.ts',
    find: 'until !== null && until > now;',
    replace: 'until !== null && until > now && until < now;',
    caught: /before its time was over/,
  },
  {
    bug: 'assignment done twice',
    kinds: ['partition'],
    file: 'src/bus/inbox/decisions/send-decider.ts',
    find: '...assigned(context, head, chosen, { attempt: 1 }),',
    replace: `...assigned(context, head, chosen, { attempt: 1 }),
    ...[chooseOf(context, head, name, { not: [chosen] })].flatMap((other) =>
      other === undefined ? [] : assigned(context, head, other, { attempt: 2 }),
    ),`,
    caught: /several ends|handled twice/,
  },
  {
    bug: 'a refusal is not followed by another assignment',
    kinds: ['partition', 'crash'],
    from: 14,
    file: 'src/bus/inbox/page-reactions.ts',
    find: 'return assignAgain(parts, signed as Refused);',
    replace: 'return undefined;',
    caught: /of a group/,
  },
];

/** All of them. */
export const NODE_PLANTS: readonly NodePlant[] = [...RECORD_PLANTS, ...SYNC_PLANTS, ...MAIL_PLANTS];
