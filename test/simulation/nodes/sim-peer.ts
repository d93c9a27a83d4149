/**
 * A node over all its lives: its key, its clock, what its disk holds, and while it is up the real
 * mailroom, registry, desk for requests and sync engine over its record.
 */
import { createPrivateKey } from 'node:crypto';
import { Mailroom } from '#bus/inbox/mailroom.ts';
import { makeSigner, type Signer } from '#identity/signer.ts';
import { makeUuidv7 } from '#lib/uuidv7.ts';
import { agentId } from '#protocol/address.ts';
import type { Command, Receipt, Speaker } from '#protocol/command.ts';
import { LiveRegistry } from '#registry/live-registry.ts';
import { growthOf } from '#sync/growth.ts';
import type { HelloOptions } from '#sync/hello/handshake.ts';
import { startSync } from '#sync/sync-engine.ts';
import type { SpaceSync, Sync } from '#sync/sync.ts';
import { RequestDesk } from '#tasks/requests/request-desk.ts';
import { makeRandom, type SeededRandom } from '../../support/seeded-random.ts';
import type { SimNetwork } from './sim-network.ts';
import { SimRecord } from './sim-record.ts';
import type { Pace, SimTime } from './sim-time.ts';

/** What nodes share, and who is told of what they do. */
export interface PeerWorld {
  readonly time: SimTime;
  readonly network: SimNetwork;
  readonly random: SeededRandom;
  readonly founder: () => string;
  readonly watch: PeerWatch;
}

/** Told of what happens, as soon as it is durable. */
export interface PeerWatch {
  readonly committed: (peer: SimPeer) => void;
  readonly acknowledged: (
    peer: SimPeer,
    command: Command,
    speaker: Speaker,
    receipt: Receipt,
  ) => void;
  readonly signed: (signature: string) => void;
}

/** One life of a node. */
export interface Life {
  readonly record: SimRecord;
  readonly room: Mailroom;
  readonly sync: Sync;
  readonly space: SpaceSync;
  readonly registry: LiveRegistry;
  readonly after: (ms: number, run: () => void) => () => void;
  readonly newId: () => string;
}

/** How long a commit may wait for others, in milliseconds. */
const GATHER_MS = 4;

/** Where the founder is. */
const FOUNDER = 'node-0';
const LOOK_MS = 500;

/** One node. */
export class SimPeer {
  readonly name: string;
  readonly signer: Signer;
  readonly pace: Pace = { skewMs: 0, slowMs: 0 };
  /** What begins with each life: its agents at work. */
  begin: (life: Life) => void = () => undefined;
  life: Life | undefined;
  epoch = 0;
  readonly reported: string[] = [];
  desk: RequestDesk | undefined;
  readonly #world: PeerWorld;
  #dials: readonly string[];
  #image: Uint8Array | undefined;
  readonly #records: SimRecord[] = [];

  constructor(name: string, world: PeerWorld, dials: readonly string[]) {
    this.name = name;
    this.#world = world;
    this.#dials = dials;
    const { key, sign } = signerFrom(world.random);
    const signAndTell: Signer['sign'] = (bytes) => {
      const signature = sign(bytes);
      world.watch.signed(signature.toString('hex'));
      return signature;
    };
    this.signer = { key, sign: signAndTell };
  }

  get key(): string {
    return this.signer.key;
  }

  idOf(agent: string): string {
    return agentId(agent, this.key);
  }

  /** Its life; only while it is up. */
  get up(): Life {
    if (this.life === undefined) throw new Error(`${this.name} is down`);
    return this.life;
  }

  /** What is on its disk now. */
  image(): Uint8Array | undefined {
    return this.life?.record.image() ?? this.#image;
  }

  /** Begins a life with what is on the disk, or with an older copy of it. */
  start(older?: Uint8Array): void {
    const { time, network, random, watch } = this.#world;
    this.epoch += 1;
    const { epoch } = this;
    const records = this.#records;
    const place = records.length;
    const timers = time.timersFor(this.pace, () => records[place]?.isDead !== true);
    const fill = makeRandom(random.below(2 ** 30)).fill;
    const record = new SimRecord({
      image: older ?? this.#image,
      signer: this.signer,
      founder: this.#world.founder(),
      epoch,
      seed: random.below(2 ** 30),
      timers,
      gatherMs: () => random.below(GATHER_MS),
      committed: () => watch.committed(this),
      died: () => this.die(true),
    });
    records.push(record);
    const newId = makeUuidv7({ now: timers.now, random: fill });
    const sync = this.#startSync(timers, fill);
    const parts = { record, newId, sync, timers };
    const room = this.#openRoom(parts);
    const registry = this.#openRegistry(parts);
    this.#openDesk(record);
    const { founder } = this.#world;
    const space = sync.open({
      ledger: record.ledger,
      grown: growthOf(record.ledger),
      ...(founder() === this.key ? {} : { founder: founder() }),
      reactionsTo: (page) => room.reactionsTo(page),
    });
    this.life = { record, room, sync, space, registry, after: timers.after, newId };
    network.attach({
      name: this.name,
      hello: this.#hello(sync, timers, fill),
      accept: (link) => sync.welcome(link),
    });
    for (const address of this.#dials) sync.reach(address);
    if (record.node.space() === undefined) this.#reachFounder(this.life);
    watch.committed(this);
    this.begin(this.life);
  }

  /** The process dies; `silently`: the others are not told. */
  die(silently: boolean): void {
    const { life } = this;
    if (life === undefined) return;
    this.#image = life.record.die();
    this.life = undefined;
    this.#world.network.detach(this.name, silently);
  }

  /** From now on it dials these. */
  reach(dials: readonly string[]): void {
    for (const address of dials) if (!this.#dials.includes(address)) this.life?.sync.reach(address);
    this.#dials = dials;
  }

  /** Executes a command; what is acknowledged is told to who watches. Never answers the dead. */
  async do(speaker: Speaker, command: Command): Promise<Receipt> {
    const { life } = this;
    if (life === undefined) return new Promise(() => undefined);
    const receipt = await life.record.ledger.execute(command, speaker);
    this.#world.watch.acknowledged(this, command, speaker, receipt);
    return receipt;
  }

  /** Frees what its lives have left. */
  close(): void {
    this.die(true);
    for (const { node } of this.#records) node.database.close();
  }

  /** Who has nothing of the space knows nobody in it but the founder. */
  #reachFounder({ sync, record, after }: Life): void {
    const { network } = this.#world;
    if (this.#dials.includes(FOUNDER)) return;
    const stop = sync.reach(FOUNDER);
    const look = (): void => {
      if (record.node.space() === undefined) return void after(LOOK_MS, look);
      stop();
      network.breakLinks(this.name, FOUNDER);
    };
    after(LOOK_MS, look);
  }

  #hello(sync: Sync, timers: HelloOptions['timers'], random: HelloOptions['random']): HelloOptions {
    const { signer } = this;
    return { timers, random, signer, software: '0', spacesFor: (peer) => sync.spacesFor(peer) };
  }

  #startSync(timers: HelloOptions['timers'], random: HelloOptions['random']): Sync {
    const { network } = this.#world;
    return startSync({
      timers,
      random,
      node: this.key,
      dial: (address) => network.dial(this.name, address),
    });
  }

  #openRoom({ record, newId, sync, timers }: Parts): Mailroom {
    return new Mailroom({
      ledger: record.ledger,
      nodeKey: this.key,
      secret: `secret of ${this.key}`,
      now: timers.now,
      after: timers.after,
      newId,
      report: (error) => void this.reported.push(error.message),
      clockOf: (author) => sync.peer(author)?.clock(),
    });
  }

  #openRegistry({ record, newId, timers }: Parts): LiveRegistry {
    const { random } = this.#world;
    return new LiveRegistry({
      ledger: record.ledger,
      signer: this.signer,
      name: this.name,
      epoch: this.epoch,
      agents: () => [],
      now: timers.now,
      monotonicMs: timers.monotonic,
      after: timers.after,
      random: () => random.below(1_000) / 1_000,
      newId,
      report: (thrown) => void this.reported.push(String(thrown)),
    });
  }

  #openDesk(record: SimRecord): void {
    this.desk = new RequestDesk({
      ledger: record.ledger,
      node: this.key,
      secret: `secret of ${this.key}`,
      report: (error) => void this.reported.push(error.message),
    });
  }
}

interface Parts {
  readonly record: SimRecord;
  readonly newId: () => string;
  readonly sync: Sync;
  readonly timers: HelloOptions['timers'];
}

/** PKCS #8 (RFC 8410) before the 32 bytes of an ed25519 key. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

function signerFrom(random: SeededRandom): Signer {
  const { fill } = random;
  const key = Buffer.concat([PKCS8, fill(new Uint8Array(32))]);
  return makeSigner(createPrivateKey({ key, format: 'der', type: 'pkcs8' }));
}
