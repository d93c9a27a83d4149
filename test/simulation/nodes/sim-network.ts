/**
 * The network between simulated nodes. `sealed`: connections with the real handshake that keep order
 * and lose nothing, but stall, break and vanish. Else each frame meets its own fate: it is lost,
 * doubled, overtaken, and the two ends are who the network says.
 */
import { SkeinError } from '#protocol/errors.ts';
import { answerGreeting, greet, type HelloOptions } from '#sync/hello/handshake.ts';
import type { Link } from '#sync/link/link.ts';
import { makeWirePair, type Carry } from '#sync/link/memory-wire.ts';
import { makeLink } from '#sync/link/peer-link.ts';
import type { Wire } from '#sync/link/wire.ts';
import type { SeededRandom } from '../../support/seeded-random.ts';
import type { SimTime } from './sim-time.ts';

/** What happens to frames: times in milliseconds, chances in per cent. */
export interface Weather {
  readonly isSealed: boolean;
  delayMs: number;
  lossPercent: number;
  doublePercent: number;
  overtakingPercent: number;
}

/** A node while it is up. */
export interface Station {
  readonly name: string;
  readonly hello: HelloOptions;
  readonly accept: (link: Link) => void;
}

interface Cable {
  readonly ends: readonly [string, string];
  readonly close: (reason: string) => void;
  readonly flush: () => void;
}

/** One for a story. */
export class SimNetwork {
  readonly weather: Weather;
  readonly #time: SimTime;
  readonly #random: SeededRandom;
  readonly #stations = new Map<string, Station>();
  /** Ways on which nothing passes, each in one direction. */
  readonly #blocked = new Set<string>();
  readonly #cables = new Set<Cable>();

  constructor(time: SimTime, random: SeededRandom, weather: Weather) {
    this.#time = time;
    this.#random = random;
    this.weather = weather;
  }

  attach(station: Station): void {
    this.#stations.set(station.name, station);
  }

  /** A node is gone; `silently`: nobody is told, as when the power fails. */
  detach(name: string, silently: boolean): void {
    this.#stations.delete(name);
    for (const cable of this.#cables) {
      if (!cable.ends.includes(name)) continue;
      this.#cables.delete(cable);
      if (!silently) cable.close('the node is down');
    }
  }

  block(from: string, to: string): void {
    this.#blocked.add(`${from} ${to}`);
  }

  unblock(from: string, to: string): void {
    this.#blocked.delete(`${from} ${to}`);
    this.#flush();
  }

  /** Everything is as it should be. */
  heal(): void {
    this.#blocked.clear();
    Object.assign(this.weather, { lossPercent: 0, doublePercent: 0, overtakingPercent: 0 });
    this.#flush();
  }

  /** Ends all connections between the two, in the middle of whatever it is. */
  breakLinks(one: string, other: string): void {
    for (const cable of this.#cables) {
      if (cable.ends.includes(one) && cable.ends.includes(other)) cable.close('it broke');
    }
  }

  async dial(from: string, to: string): Promise<Link> {
    const [dialler, acceptor] = [this.#stations.get(from), this.#stations.get(to)];
    const isBlocked = this.#isBlocked(from, to) || this.#isBlocked(to, from);
    if (dialler === undefined || acceptor === undefined || isBlocked) {
      throw new SkeinError('node-unreachable', `Cannot reach ${to}: nobody answers`);
    }
    const [near, far] = this.#lay(from, to);
    if (this.weather.isSealed) {
      void answerGreeting(far, acceptor.hello).then(acceptor.accept, () => undefined);
      return greet(near, dialler.hello);
    }
    acceptor.accept(linkOver(far, acceptor, { other: dialler, dialled: false }));
    return linkOver(near, dialler, { other: acceptor, dialled: true });
  }

  #isBlocked(from: string, to: string): boolean {
    return this.#blocked.has(`${from} ${to}`);
  }

  #flush(): void {
    for (const cable of this.#cables) cable.flush();
  }

  #lay(from: string, to: string): readonly [Wire, Wire] {
    const there = this.#way(from, to);
    const back = this.#way(to, from);
    const wires = makeWirePair(there.carry, back.carry);
    const cable: Cable = {
      ends: [from, to],
      close: wires[0].close,
      flush: () => {
        there.flush();
        back.flush();
      },
    };
    this.#cables.add(cable);
    void wires[0].closed.then(() => this.#cables.delete(cable));
    return wires;
  }

  /** One direction of a cable, for the life of both ends. */
  #way(from: string, to: string): { readonly carry: Carry; readonly flush: () => void } {
    const ends = [this.#stations.get(from), this.#stations.get(to)];
    const areUp = (): boolean => {
      const now = [this.#stations.get(from), this.#stations.get(to)];
      return now.every((station, index) => station === ends[index]);
    };
    const held: (() => void)[] = [];
    let lastMs = 0;
    const bring = (arrive: () => void): void => {
      const { delayMs, doublePercent, overtakingPercent, isSealed } = this.weather;
      const copies = !isSealed && this.#happens(doublePercent) ? 2 : 1;
      for (let copy = 0; copy < copies; copy += 1) {
        const atMs = this.#time.nowMs + this.#random.below(1 + delayMs);
        const overtakes = !isSealed && this.#happens(overtakingPercent);
        // On an orderly way each comes a little after what went before.
        if (!overtakes) lastMs = Math.max(atMs, lastMs + 1);
        const waitMs = (overtakes ? atMs : lastMs) - this.#time.nowMs;
        this.#time.after(waitMs, () => areUp() && arrive());
      }
    };
    const carry: Carry = (_frame, arrive) => {
      if (!areUp()) return;
      const { isSealed, lossPercent } = this.weather;
      if (isSealed && this.#isBlocked(from, to)) held.push(arrive);
      else if (isSealed || !(this.#isBlocked(from, to) || this.#happens(lossPercent)))
        bring(arrive);
    };
    const flush = (): void => {
      if (!this.#isBlocked(from, to)) for (const arrive of held.splice(0)) bring(arrive);
    };
    return { carry, flush };
  }

  #happens(percent: number): boolean {
    return percent > 0 && this.#random.below(100) < percent;
  }
}

interface Ends {
  readonly other: Station;
  readonly dialled: boolean;
}

function linkOver(wire: Wire, own: Station, { other, dialled }: Ends): Link {
  const { signer, software, spacesFor } = other.hello;
  const spaces = spacesFor(own.hello.signer.key);
  const greeting = { software, purpose: 'peer', spaces, binding: '', dialled } as const;
  return makeLink({ peer: signer.key, greeting, wire, timers: own.hello.timers });
}
