/**
 * A network in one process, for simulations: stations that dial each other, delays, cuts, and
 * frames that are lost, doubled or overtaken. Without those it shakes hands as any carrier does; with
 * them nothing is sealed and the stations are who the network says, so that each frame meets its own
 * fate instead of ending the link.
 */
import { SkeinError } from '#protocol/errors.ts';
import { answerGreeting, greet, type DialHello, type HelloOptions } from '../hello/handshake.ts';
import type { Greeting, Link } from './link.ts';
import { makeWirePair, type Carry } from './memory-wire.ts';
import { makeLink } from './peer-link.ts';
import { chance, type Surroundings, type Wire } from './wire.ts';

/** What may happen to a frame: chances from 0 to 1, and a delay in milliseconds. */
export interface NetworkFaults {
  readonly delayMs: readonly [least: number, most: number];
  readonly loss: number;
  readonly double: number;
  /** Each frame has a delay of its own, so that later ones may come first. */
  readonly overtaking: boolean;
}

/** A network that only takes time. */
export const CALM: NetworkFaults = { delayMs: [0, 0], loss: 0, double: 0, overtaking: false };

/** A node on the network. */
export interface Station {
  readonly address: string;
  readonly hello: HelloOptions;
  /** Given each link that another station dialled. */
  readonly accept: (link: Link) => void;
}

interface Cable {
  readonly ends: readonly [string, string];
  readonly close: (reason: string) => void;
  readonly flush: () => void;
}

/** Stations and the cables between them. */
export class MemoryNetwork {
  readonly #options: Surroundings & { readonly faults?: NetworkFaults };
  readonly #stations = new Map<string, Station>();
  readonly #cuts = new Set<string>();
  readonly #cables = new Set<Cable>();

  constructor(options: Surroundings & { readonly faults?: NetworkFaults }) {
    this.#options = options;
  }

  /** A node comes up; the answer takes it down, with all its links. */
  attach(station: Station): () => void {
    const { address } = station;
    this.#stations.set(address, station);
    return () => {
      if (this.#stations.get(address) === station) this.#stations.delete(address);
      for (const cable of this.#cables)
        if (cable.ends.includes(address)) cable.close('the node is down');
    };
  }

  /** Nothing passes between the two until `heal`; what is sealed waits, other frames are lost. */
  cut(one: string, other: string): void {
    this.#cuts.add(pair(one, other));
  }

  /** Undoes `cut`, all of them without names. */
  heal(one?: string, other?: string): void {
    if (one === undefined || other === undefined) this.#cuts.clear();
    else this.#cuts.delete(pair(one, other));
    for (const cable of this.#cables) cable.flush();
  }

  /** Links two stations. */
  async dial(from: string, to: string, hello: DialHello = {}): Promise<Link> {
    const [dialler, acceptor] = [this.#stations.get(from), this.#stations.get(to)];
    if (dialler === undefined || acceptor === undefined || this.#isCut(from, to)) {
      throw new SkeinError('node-unreachable', `Cannot reach ${to}: nobody answers`);
    }
    const [near, far] = this.#lay(from, to);
    if (!this.#isRough) {
      void answerGreeting(far, acceptor.hello).then(acceptor.accept, () => undefined);
      return greet(near, dialler.hello, hello);
    }
    acceptor.accept(this.#name(far, acceptor, dialler, false));
    return this.#name(near, dialler, acceptor, true);
  }

  get #faults(): NetworkFaults {
    return this.#options.faults ?? CALM;
  }

  get #isRough(): boolean {
    const { loss, double, overtaking } = this.#faults;
    return loss > 0 || double > 0 || overtaking;
  }

  #isCut(one: string, other: string): boolean {
    return this.#cuts.has(pair(one, other));
  }

  #lay(from: string, to: string): readonly [Wire, Wire] {
    const held: (() => void)[] = [];
    const carry = (): Carry => this.#carrier(() => this.#isCut(from, to), held);
    const wires = makeWirePair(carry(), carry());
    const cable: Cable = {
      ends: [from, to],
      close: wires[0].close,
      flush: () => {
        if (!this.#isCut(from, to)) for (const go of held.splice(0)) go();
      },
    };
    this.#cables.add(cable);
    void wires[0].closed.then(() => this.#cables.delete(cable));
    return wires;
  }

  #carrier(isCut: () => boolean, held: (() => void)[]): Carry {
    const { timers, random } = this.#options;
    const { delayMs, loss, double, overtaking } = this.#faults;
    const [least, most] = delayMs;
    let lastAt = 0;
    return (_frame, arrive, lost) => {
      if (isCut()) {
        if (this.#isRough) lost();
        else held.push(arrive);
        return;
      }
      if (chance(random) < loss) return lost();
      const copies = chance(random) < double ? 2 : 1;
      for (let copy = 0; copy < copies; copy += 1) {
        const at = timers.monotonic() + least + chance(random) * (most - least);
        // On an orderly way nobody overtakes: the same delay comes after what went before.
        lastAt = overtaking ? at : Math.max(at, lastAt);
        timers.after(Math.max(0, lastAt - timers.monotonic()), arrive);
      }
    };
  }

  #name(wire: Wire, own: Station, other: Station, dialled: boolean): Link {
    const { software, spacesFor, signer } = other.hello;
    const spaces = spacesFor(own.hello.signer.key);
    const greeting: Greeting = { software, purpose: 'peer', spaces, binding: '', dialled };
    const { limits = {}, refused, timers } = own.hello;
    return makeLink({
      peer: signer.key,
      greeting,
      wire,
      timers,
      limits,
      ...(refused === undefined ? {} : { refused }),
    });
  }
}

const pair = (one: string, other: string): string => [one, other].toSorted().join(' ');
