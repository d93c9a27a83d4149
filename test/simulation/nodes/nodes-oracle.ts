/**
 * What must hold of all nodes together: a second and simple opinion. It is told of each commit as it
 * becomes durable and of each receipt; now and then it looks at who is up, at the end at everybody.
 */
import assert from 'node:assert/strict';
import type { Command, Receipt, Speaker } from '#protocol/command.ts';
import type { SeededRandom } from '../../support/seeded-random.ts';
import { linesOf } from '../../support/test-nodes.ts';
import { checkMail } from './mail-oracle.ts';
import { doesCount, viewOf, type RecordView } from './record-view.ts';
import type { PeerWatch, SimPeer } from './sim-peer.ts';

interface Acknowledged {
  readonly peer: SimPeer;
  readonly command: Command;
  readonly speaker: Speaker;
  readonly receipt: Receipt;
}

/** Numbers of a node's own chains. */
export type OwnHeads = ReadonlyMap<string, number>;

/** One for a story. */
export class NodesOracle implements PeerWatch {
  /** What went wrong in the middle of things. */
  readonly wrong: string[] = [];
  readonly #signed = new Set<string>();
  readonly #acknowledged: Acknowledged[] = [];
  /** From which number on a chain may be lost or fork, because an older copy of its node was used. */
  readonly #shaky = new Map<string, number>();
  readonly #restored = new Set<string>();
  readonly #removed = new Set<string>();
  readonly #liars = new Set<string>();

  /** What this member says of what it holds, nobody can know. */
  lied(peer: SimPeer): void {
    this.#liars.add(peer.key);
  }

  signed(signature: string): void {
    this.#signed.add(signature);
  }

  committed(peer: SimPeer): void {
    for (const { chain, seq } of ownChains(peer)) this.#heads(peer).set(chain, seq);
  }

  acknowledged(peer: SimPeer, command: Command, speaker: Speaker, receipt: Receipt): void {
    const before = this.#acknowledged.find((each) => each.command.id === command.id);
    if (before === undefined) {
      this.#acknowledged.push({ peer, command, speaker, receipt });
      return;
    }
    if (this.#isLost(peer, before.receipt)) return;
    const told = [receipt.commit, receipt.seq, ...receipt.events].join(' ');
    const first = [before.receipt.commit, before.receipt.seq, ...before.receipt.events].join(' ');
    if (before.receipt.events.length > 0 && told !== first)
      this.wrong.push(`${command.name} ${command.id} was executed again`);
  }

  isRemoved(peer: SimPeer): boolean {
    return this.#removed.has(peer.key);
  }

  removing(peer: SimPeer): void {
    this.#removed.add(peer.key);
  }

  /** Where the node's own chains end on its disk. */
  ownHeads(peer: SimPeer): OwnHeads {
    return new Map(this.#heads(peer));
  }

  /** The node goes on with a copy of what it had when its chains ended there. */
  restored(peer: SimPeer, heads: OwnHeads): void {
    this.#restored.add(peer.key);
    for (const chain of this.#heads(peer).keys()) {
      const first = 1 + (heads.get(chain) ?? 0);
      this.#shaky.set(chain, Math.min(first, this.#shaky.get(chain) ?? first));
    }
  }

  /** Somebody sends a command again, much later. */
  repeat(peer: SimPeer, random: SeededRandom): void {
    const own = this.#acknowledged.filter((each) => each.peer === peer);
    if (own.length === 0) return;
    const { command, speaker } = random.pick(own);
    void peer.do(speaker, command).catch(() => undefined);
  }

  /** Of those who are up: who has the same commits has the same state, nobody claims what is not so. */
  look(peers: readonly SimPeer[]): void {
    const states = new Map<string, string>();
    for (const { life, name } of peers) {
      if (life === undefined || life.record.isDead) continue;
      const { node } = life.record;
      const key = commitsOf(life.record.node.database);
      if (key === '') continue;
      const state = node.stateHash();
      assert.equal(
        states.get(key) ?? state,
        state,
        `${name} has the same commits and another state`,
      );
      states.set(key, state);
    }
    for (const peer of peers) for (const other of peers) this.#assertHolds(peer, other);
  }

  /** Once all is healed: why it is not over yet; undefined when everybody has everything. */
  unfinished(peers: readonly SimPeer[]): string | undefined {
    const staying = this.#staying(peers);
    const nodes = staying.map(({ life }) => life?.record.node);
    if (nodes.some((node) => node === undefined)) return 'a node is down';
    const seen = nodes.map((node) => [node?.stateHash(), countingHeads(node)].join('\n'));
    if (new Set(seen).size > 1)
      return `nodes have different states: ${staying.map(stuckness).join('; ')}`;
    const [first] = staying;
    const inboxes = first?.life?.record.ledger.read.entities('inbox') ?? [];
    const open = inboxes.filter(({ home, body }) => {
      const { waiting, deferred } = body as { waiting: unknown[]; deferred: object };
      const isHere = staying.some(({ key }) => key === home);
      return isHere && waiting.length + Object.keys(deferred).length > 0;
    });
    return open.length > 0 ? `messages wait in ${open.map(({ id }) => id).join()}` : undefined;
  }

  /** At the end, of everybody who was not removed. */
  check(peers: readonly SimPeer[]): void {
    assert.deepEqual(this.wrong, []);
    const staying = this.#staying(peers);
    const views = staying.map((peer) => viewOf(peer.up.record.node));
    for (const [index, { up, name, key }] of staying.entries()) {
      const { node } = up.record;
      const view = views[index] as RecordView;
      assert.equal(
        node.stateHash(),
        node.foldedHash(),
        `${name}: its state is not what its events fold to`,
      );
      assert.deepEqual(linesOf(node), linesOf(staying[0]?.life?.record.node as never), name);
      this.#checkCommits(name, view);
      for (const head of node.chains.heads())
        assert.ok(doesCount(view.space, head), `${name} passes on what does not count`);
      this.#checkForks(view);
      for (const each of this.#acknowledged) this.#assertKept(each, view, name);
      checkMail({
        view,
        home: key,
        members: staying.map((each) => each.key),
        restored: this.#restored,
      });
    }
    this.#checkConflicts(views);
    this.#checkRegistries(staying);
  }

  #staying(peers: readonly SimPeer[]): readonly SimPeer[] {
    const owner = peers[0]?.life?.record.node.space();
    return peers.filter(({ key }) => owner?.removed[key] === undefined);
  }

  readonly #own = new Map<SimPeer, Map<string, number>>();

  #heads(peer: SimPeer): Map<string, number> {
    const found = this.#own.get(peer) ?? new Map<string, number>();
    this.#own.set(peer, found);
    return found;
  }

  /** What a peer is said to hold durably, it holds. */
  #assertHolds(peer: SimPeer, other: SimPeer): void {
    if (peer === other || this.#restored.has(other.key) || this.#liars.has(other.key)) return;
    const [from, to] = [peer.life, other.life];
    if (from === undefined || to === undefined || to.record.isDead) return;
    for (const [chain, seq] of Object.entries(from.space.acked(other.key))) {
      const held = lastOf(to.record.node.database, chain);
      assert.ok(
        held >= seq,
        `${peer.name} believes that ${other.name} holds ${seq} of ${chain}, not ${held}`,
      );
    }
  }

  /** Each signed by a life of its author, after all that it names as seen, with a later time. */
  #checkCommits(name: string, { commits, space }: RecordView): void {
    const heads = new Map<string, { readonly seq: number; readonly hlc: string }>();
    for (const { header, signature } of commits) {
      const { chain, seq, seen, hlc } = header;
      const at = `${name}: commit ${seq} of ${chain}`;
      assert.ok(this.#signed.has(signature), `${at} was signed by nobody`);
      const before = heads.get(chain);
      assert.equal(seq, (before?.seq ?? 0) + 1, `${at} is out of order`);
      for (const point of seen) {
        const known = commits.find(
          (each) => each.header.chain === point.chain && each.header.seq === point.seq,
        );
        // Of what does not count each may have another part, or none.
        if (!doesCount(space, point)) continue;
        const reached = heads.get(point.chain)?.seq ?? 0;
        assert.ok(reached >= point.seq, `${at} came before what it builds on`);
        assert.ok((known?.header.hlc ?? '') < hlc, `${at} is not later than what it builds on`);
      }
      assert.ok((before?.hlc ?? '') < hlc, `${at}: time runs backwards`);
      heads.set(chain, { seq, hlc });
    }
  }

  /** Nothing forks but a chain of which an older copy went on. */
  #checkForks({ space }: RecordView): void {
    for (const [chain, seq] of Object.entries(space.forks)) {
      assert.ok(
        seq >= (this.#shaky.get(chain) ?? Infinity),
        `${chain} forked at ${seq} for no reason`,
      );
    }
  }

  /** Where two nodes have different commits of one number, that is on the record. */
  #checkConflicts(views: readonly RecordView[]): void {
    const places = new Map<string, string>();
    for (const { commits, space } of views) {
      for (const { header, hash } of commits) {
        const { chain, seq } = header;
        const other = places.get(`${chain} ${seq}`) ?? hash;
        places.set(`${chain} ${seq}`, other);
        const isNamed = seq >= (space.forks[chain] ?? Infinity);
        assert.ok(other === hash || isNamed, `${chain} forked at ${seq}, and nobody says so`);
      }
    }
  }

  #isLost(peer: SimPeer, { commit, seq }: Receipt): boolean {
    if (commit === null) return true;
    return [...this.#heads(peer).keys()].some(
      (chain) => seq >= (this.#shaky.get(chain) ?? Infinity),
    );
  }

  #assertKept({ peer, command, receipt }: Acknowledged, view: RecordView, name: string): void {
    if (this.#removed.has(peer.key) || this.#isLost(peer, receipt)) return;
    const lost = receipt.events.filter((id) => !view.ids.has(id));
    assert.deepEqual(
      lost,
      [],
      `${command.name} of ${peer.name} was acknowledged and is lost at ${name}`,
    );
  }

  /** Who there is, is the same for all. */
  #checkRegistries(staying: readonly SimPeer[]): void {
    const lists = staying.map(({ life, name }) => {
      const { registry } = life as NonNullable<typeof life>;
      const agents = registry
        .agents({ withRetired: true })
        .map(({ id, skills, isRetired }) => [id, skills, isRetired]);
      return { name, agents };
    });
    for (const { name, agents } of lists)
      assert.deepEqual(agents, lists[0]?.agents, `${name} sees other agents`);
  }
}

/** What a node lacks and knows of, for who looks into a failure. */
const stuckness = ({ name, life }: SimPeer): string => {
  const status = life?.sync.status();
  const chains = status?.spaces[0]?.chains.map(
    ({ chain, seq, behind }) => `${chain.slice(0, 4)} ${seq}-${behind}`,
  );
  const waiting = status?.spaces[0]?.waiting.map(({ chain, why }) => `${chain.slice(0, 4)} ${why}`);
  const problems = status?.addresses.map(({ address, problem }) => `${address} ${problem}`);
  const links = status?.peers.map(({ peer }) => peer.slice(0, 4));
  return JSON.stringify({ name, links, chains, waiting, problems, refused: status?.refused });
};

type Database = NonNullable<SimPeer['life']>['record']['node']['database'];

const ownChains = ({ life, key }: SimPeer): { chain: string; seq: number }[] =>
  (life?.record.node.chains.heads() ?? []).filter(({ author }) => author === key);

const lastOf = (database: Database, chain: string): number =>
  Number(
    database.prepare('SELECT max(seq) AS seq FROM commits WHERE chain = ?').get(chain)?.['seq'] ??
      0,
  );

/** Which commits are on a node, as one text. */
const commitsOf = (database: Database): string =>
  database
    .prepare('SELECT chain, max(seq) AS seq, hash FROM commits GROUP BY chain ORDER BY chain')
    .all()
    .map((row) => `${String(row['chain'])} ${Number(row['seq'])} ${String(row['hash'])}`)
    .join('\n');

/** The same without what was frozen or cut: of that each may have another part. */
const countingHeads = (
  node:
    | {
        chains: {
          heads: () => readonly { chain: string; seq: number; hash: string; frozen: boolean }[];
        };
      }
    | undefined,
): string =>
  (node?.chains.heads() ?? [])
    .filter(({ frozen }) => !frozen)
    .map(({ chain, seq, hash }) => `${chain} ${seq} ${hash}`)
    .toSorted()
    .join('\n');
