/** All nodes of a story: who is up, what they do, and what befalls them. */
import { encodePage } from '#sync/page-codec.ts';
import { submission } from '../../support/mission-story.ts';
import { makeRandom, type SeededRandom } from '../../support/seeded-random.ts';
import { SPACE } from '../../support/test-ledger.ts';
import { agent } from '../../messages/bus-stage.ts';
import { forgedPage, stranger } from './forgery.ts';
import type { NodesOracle } from './nodes-oracle.ts';
import { SimAgents } from './sim-agents.ts';
import { SimNetwork } from './sim-network.ts';
import { SimPeer } from './sim-peer.ts';
import type { Deed, Fault, NodesStory } from './sim-story.ts';
import { SimTime } from './sim-time.ts';

type Of<T extends Fault['type']> = Extract<Fault, { type: T }>;

/** The nodes of one story. */
export class SimMesh {
  readonly time: SimTime;
  readonly peers: readonly SimPeer[];
  readonly agents: readonly SimAgents[];
  readonly #story: NodesStory;
  readonly #random: SeededRandom;
  readonly #network: SimNetwork;
  readonly #oracle: NodesOracle;
  #isHealed = false;

  constructor(story: NodesStory, oracle: NodesOracle) {
    this.#story = story;
    this.#oracle = oracle;
    this.#random = makeRandom(story.seed + 1);
    this.time = new SimTime(this.#random);
    this.#network = new SimNetwork(this.time, this.#random, { ...story.weather });
    const world = {
      time: this.time,
      network: this.#network,
      random: this.#random,
      founder: () => (this.peers[0] as SimPeer).key,
      watch: oracle,
    };
    this.peers = story.dials.map(
      (dials, node) => new SimPeer(nameOf(node), world, dials.map(nameOf)),
    );
    this.agents = this.peers.map(
      (peer) => new SimAgents(peer, makeRandom(this.#random.below(1e9))),
    );
    for (const [node, peer] of this.peers.entries()) {
      peer.begin = (life) => this.agents[node]?.begin(life);
    }
  }

  /** Arranges for all that the story says. */
  begin(): void {
    const { joins, deeds, faults } = this.#story;
    for (const [node, atMs] of joins.entries()) this.time.after(atMs, () => this.#join(node));
    for (const deed of deeds) this.time.after(deed.atMs, () => void this.#do(deed));
    for (const fault of faults) this.time.after(fault.atMs, () => this.#befall(fault));
  }

  /** All is well from now on, and everybody is there; clocks that were ahead are waited for. */
  heal(): void {
    this.#isHealed = true;
    this.#network.heal();
    const mostMs = Math.max(
      0,
      ...this.#story.faults.map((each) => (each.type === 'clock' ? each.skewMs : 0)),
    );
    for (const [node, peer] of this.peers.entries()) {
      peer.pace.skewMs = 0;
      peer.pace.slowMs = 0;
      if (peer.life !== undefined) peer.life.record.deathAt = undefined;
      if (peer.epoch === 0) this.#join(node);
      else if (peer.life === undefined) peer.start();
      // Who was away while members came knows too few of them to go by its neighbour alone.
      peer.reach(this.peers.slice(0, node).map(({ name }) => name));
    }
    this.time.leap(mostMs);
    for (const each of this.agents) each.calm();
  }

  close(): void {
    for (const peer of this.peers) peer.close();
  }

  #peer(node: number): SimPeer {
    return this.peers[node] as SimPeer;
  }

  /** Who comes is a member as soon as the owner is up to say so. */
  #join(node: number): void {
    const peer = this.#peer(node);
    if (peer.epoch === 0) peer.start();
    if (node > 0) this.#admit(peer);
  }

  #admit(peer: SimPeer): void {
    const owner = this.#peer(0);
    if (this.#oracle.isRemoved(peer)) return;
    if (owner.life === undefined) return void this.time.after(1_000, () => this.#admit(peer));
    void (this.agents[0] as SimAgents).act('space.admit', { key: peer.key, role: 'writer' });
  }

  /** An owner who went on with an older copy may have forgotten members: a person says it again. */
  admitAll(): void {
    const { members, removed } = this.#peer(0).life?.record.node.space() ?? {};
    for (const peer of this.peers.slice(1)) {
      if (members?.[peer.key] === undefined && removed?.[peer.key] === undefined) this.#admit(peer);
    }
  }

  async #do(deed: Deed): Promise<void> {
    const peer = this.#peer(deed.node);
    const agents = this.agents[deed.node] as SimAgents;
    const { life } = peer;
    if (life === undefined) return;
    const owner = (node: number): SimPeer => this.#peer(node);
    switch (deed.type) {
      case 'send': {
        const { from, to, home, name, priority, answerInMs, expiresInMs } = deed;
        const addresses = { agent: owner(home).idOf(name), skill: 'skill:s', topic: 'topic:t' };
        const times = {
          ...(answerInMs === undefined ? {} : { answerInMs }),
          ...(expiresInMs === undefined ? {} : { expiresInMs }),
        };
        const input = { to: addresses[to], text: 'hello', priority, ...times };
        return void agents.act('message.send', input, agent(from));
      }
      case 'work':
        return agents.work(life, 'y', deed.most);
      case 'register':
        return void agents.register('z');
      case 'retire':
        return void agents.act('agent.retire', { name: 'z', reason: 'it is tired' });
      case 'announce': {
        const addresses = [`ws://${this.#random.below(1_000)}`];
        const card = { name: peer.name, version: '1', addresses, draining: false };
        return void agents.act('node.announce', card);
      }
      case 'again':
        return this.#oracle.repeat(peer, this.#random);
      case 'mission':
        return void agents.act('mission.submit', submission(deed.id));
      case 'task': {
        const { id: task } = deed;
        const about = { mission: `of ${task}`, plan: 'p', title: 't', role: 'coder' };
        return void agents.act('task.add', { task, ...about, kind: 'diagnose' });
      }
      case 'claim': {
        const claim = { task: deed.id, agent: `agent:${peer.idOf('w')}`, ttlMs: 60_000 };
        const input = {
          to: owner(deed.home).key,
          command: 'task.claim',
          input: JSON.stringify(claim),
        };
        if (deed.home !== deed.node) void agents.act('request.make', input, agent('w'));
      }
    }
  }

  #befall(fault: Fault): void {
    const until = (undo: () => void): void =>
      void this.time.after(fault.forMs, () => this.#isHealed || undo());
    if (this.#isHealed) return;
    if (fault.type === 'partition') this.#part(fault, until);
    else if (fault.type === 'flap') this.#flap(fault, 6);
    else if (fault.type === 'break')
      this.#network.breakLinks(nameOf(fault.one), nameOf(fault.other));
    else if (fault.type === 'crash') this.#crash(fault, until);
    else if (fault.type === 'clock') this.#peer(fault.node).pace.skewMs = fault.skewMs;
    else if (fault.type === 'slow') {
      const { pace } = this.#peer(fault.node);
      pace.slowMs = fault.slowMs;
      until(() => (pace.slowMs = 0));
    } else if (fault.type === 'remove') this.#remove(fault);
    else this.#forge(fault);
  }

  #part({ side, oneWay }: Of<'partition'>, until: (undo: () => void) => void): void {
    for (const from of side) {
      for (const to of this.peers.keys()) {
        if (side.includes(to)) continue;
        const ways = [[from, to] as const, ...(oneWay ? [] : [[to, from] as const])];
        for (const [one, other] of ways) {
          this.#network.block(nameOf(one), nameOf(other));
          until(() => this.#network.unblock(nameOf(one), nameOf(other)));
        }
      }
    }
  }

  #flap(fault: Of<'flap'>, times: number): void {
    const { one, other, forMs } = fault;
    if (times === 0 || this.#isHealed) return;
    const [from, to] = [nameOf(one), nameOf(other)];
    const change = times % 2 === 0 ? 'block' : 'unblock';
    this.#network[change](from, to);
    this.#network[change](to, from);
    this.time.after(forMs / 6, () => this.#flap(fault, times - 1));
  }

  #crash(fault: Of<'crash'>, until: (undo: () => void) => void): void {
    const { node, how, silently, backupMs } = fault;
    const peer = this.#peer(node);
    const copy = backupMs === null ? undefined : peer.image();
    const before = this.#oracle.ownHeads(peer);
    const strike = (): void => {
      if (peer.life === undefined || this.#isHealed) return;
      if (how === 'now') peer.die(silently);
      else peer.life.record.deathAt = how;
    };
    const rise = (): void => {
      if (peer.life !== undefined) {
        peer.life.record.deathAt = undefined;
        if (copy === undefined) return;
        peer.die(silently);
      } else if (peer.epoch === 0) return;
      if (copy !== undefined) this.#oracle.restored(peer, before);
      peer.start(copy);
    };
    this.time.after(backupMs ?? 0, () => {
      strike();
      until(rise);
    });
  }

  #remove({ node, withCut }: Of<'remove'>): void {
    const [owner, peer] = [this.#peer(0), this.#peer(node)];
    if (owner.life === undefined) return;
    const head = owner.life.record.ledger.exchange
      .heads()
      .find(({ author }) => author === peer.key);
    const cut = withCut &&
      head !== undefined && { chain: head.chain, seq: head.seq, hash: head.hash };
    const input = { key: peer.key, ...(cut ? { cut } : {}) };
    const isMember = Object.hasOwn(owner.life.record.node.space().members, peer.key);
    if (isMember) this.#oracle.removing(peer);
    void (this.agents[0] as SimAgents).act('space.remove', input);
  }

  /** A member tells all others something in the name of somebody who did not say it. */
  #forge({ node, how }: Of<'forge'>): void {
    const { life } = this.#peer(node);
    if (life === undefined) return;
    this.#oracle.lied(this.#peer(node));
    const victim = this.#peer((node + 1) % this.peers.length);
    const page = forgedPage({
      life,
      liar: stranger(),
      random: this.#random,
      how,
      victim: victim.key,
    });
    const bytes = encodePage(page);
    for (const { key } of this.peers) {
      life.sync.peer(key)?.tell('sync.page', { space: SPACE }, bytes);
    }
  }
}

const nameOf = (node: number): string => `node-${node}`;
