/**
 * The handshake: both ends prove their keys before anything else is said. The acceptor proves its
 * own first, so that a dialler who expects another key leaves without having told what it has.
 * What is signed names both keys, both nonces, the one-time keys and the role: an old, a reflected
 * or a relayed greeting proves nothing.
 */
import { verifySignature, type Signer } from '#identity/signer.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { Greeting, Link, LinkLimits } from '../link/link.ts';
import { makeLink } from '../link/peer-link.ts';
import { within, type Surroundings, type Wire } from '../link/wire.ts';
import { refusal, REFUSALS, refusalOf, type Refusal, type RefusalCounter } from '../refusal.ts';
import {
  HELLO,
  helloBytes,
  makeOneTimeKey,
  makeOpenings,
  readHello,
  VERSIONS,
  type Opening,
  type Openings,
} from './hello-messages.ts';
import { sealWire } from './sealed-wire.ts';

/** How long a handshake may take, in milliseconds. */
export const HELLO_MS = 5_000;

/** Who this node is, and what it lets others know. */
export interface HelloOptions extends Surroundings {
  readonly signer: Signer;
  /** The version of this Skein; told only to who has proven its key, or proven ours wrong. */
  readonly software: string;
  /** The spaces here of which `peer` is a member: all it may ever see. */
  readonly spacesFor: (peer: string) => readonly string[];
  readonly refused?: RefusalCounter;
  readonly limits?: Partial<LinkLimits>;
  readonly helloMs?: number;
}

/** What a dialler may say besides. */
export interface DialHello {
  /** Only this key may answer. */
  readonly expect?: string;
  readonly purpose?: Greeting['purpose'];
}

/** Links with whoever answers on `wire`. Throws `peer-refused`, `request-timeout`, `node-unreachable`. */
export const greet = (wire: Wire, options: HelloOptions, dial: DialHello = {}): Promise<Link> =>
  shake(wire, options, (hello) => hello.dial(dial));

/** Links with who dialled, when it proves its key and may come in. Throws as `greet` does. */
export const answerGreeting = (wire: Wire, options: HelloOptions): Promise<Link> =>
  shake(wire, options, (hello) => hello.accept());

async function shake(
  wire: Wire,
  options: HelloOptions,
  how: (hello: Hello) => Promise<Link>,
): Promise<Link> {
  const ms = options.helloMs ?? HELLO_MS;
  const late = (): Error =>
    refusal('hello-late', `Cannot link: no greeting in ${ms} ms`, 'request-timeout');
  const hello = new Hello(wire, options);
  try {
    return await within(how(hello), { timers: options.timers, ms, error: late });
  } catch (thrown) {
    const error = toSkeinError(thrown);
    const reason = refusalOf(error);
    // What the other end refused is counted there.
    if (reason !== undefined && !hello.wasRefused) options.refused?.(reason, hello.peer);
    wire.close(error.message);
    throw error;
  }
}

class Hello {
  peer: string | undefined;
  wasRefused = false;
  readonly #options: HelloOptions;
  readonly #oneTime = makeOneTimeKey();
  readonly #opening: Opening;
  #wire: Wire;

  constructor(wire: Wire, options: HelloOptions) {
    this.#wire = wire;
    this.#options = options;
    const nonce = Buffer.from(options.random(new Uint8Array(32))).toString('hex');
    const { key } = options.signer;
    this.#opening = { versions: VERSIONS, key, nonce, oneTimeKey: this.#oneTime.key };
  }

  async dial({ expect, purpose = 'peer' }: DialHello): Promise<Link> {
    const ours = this.#sendOpen();
    const theirs = await this.#next();
    const openings = makeOpenings(ours, theirs);
    const { key } = this.#check(openings.acceptor);
    if (expect !== undefined && key !== expect) {
      throw refusal('key-unexpected', `Cannot link: node ${key.slice(0, 16)} answered`);
    }
    this.#seal(openings, true);
    const { signature, software } = readHello(await this.#next(), HELLO.proof);
    this.#verify(key, helloBytes('acceptor', openings, []), signature);
    const spaces = purpose === 'join' ? [] : this.#options.spacesFor(key);
    const signed = this.#sign(helloBytes('dialler', openings, spaces));
    void this.#send({ signature: signed, software: this.#options.software, purpose, spaces });
    const welcome = readHello(await this.#next(), HELLO.welcome);
    if (welcome.refused !== '') throw this.#turnedAway(welcome.refused);
    const offered = welcome.spaces;
    return this.#link(openings, { software, purpose, spaces: offered, dialled: true });
  }

  async accept(): Promise<Link> {
    const theirs = await this.#next();
    const { key } = this.#check(readHello(theirs, HELLO.opening));
    const openings = makeOpenings(theirs, this.#sendOpen());
    this.#seal(openings, false);
    const { software: own, spacesFor } = this.#options;
    void this.#send({ signature: this.#sign(helloBytes('acceptor', openings, [])), software: own });
    const asked = readHello(await this.#next(), HELLO.request);
    this.#verify(key, helloBytes('dialler', openings, asked.spaces), asked.signature);
    const { purpose, software } = asked;
    const seen = purpose === 'join' ? [] : spacesFor(key);
    const shared = asked.spaces.filter((space) => seen.includes(space));
    // The same answer to who is no member and to who asks for what is not here.
    if (purpose === 'peer' && shared.length === 0) throw await this.#turnAway('nothing-shared');
    void this.#send({ refused: '', spaces: seen });
    return this.#link(openings, { software, purpose, spaces: asked.spaces, dialled: false });
  }

  /** A version that both speak, and not our own echo. */
  #check({ key, versions }: Opening): { readonly key: string } {
    this.peer = key;
    if (key === this.#options.signer.key) throw refusal('key-own', 'Cannot link: it is this node');
    if (!VERSIONS.some((version) => versions.includes(version))) {
      throw refusal(
        'version-unknown',
        `Cannot link: the peer speaks ${versions.slice(0, 8).join(', ')}`,
      );
    }
    return { key };
  }

  #seal({ dialler, acceptor, transcript }: Openings, isDialler: boolean): void {
    let shared: Buffer;
    try {
      shared = this.#oneTime.agree((isDialler ? acceptor : dialler).oneTimeKey);
    } catch {
      throw refusal('hello-invalid', 'Cannot link: the one-time key is none');
    }
    const secret = { shared, transcript: Buffer.from(transcript, 'hex'), isDialler };
    this.#wire = sealWire(this.#wire, secret, () =>
      this.#options.refused?.('seal-broken', this.peer),
    );
  }

  #sign(bytes: Buffer): string {
    return this.#options.signer.sign(bytes).toString('hex');
  }

  #verify(key: string, bytes: Buffer, signature: string): void {
    if (verifySignature(key, bytes, Buffer.from(signature, 'hex'))) return;
    throw refusal('proof-wrong', `Cannot link: the peer did not prove to be ${key.slice(0, 16)}`);
  }

  #sendOpen(): Buffer {
    const bytes = Buffer.from(JSON.stringify(this.#opening));
    void this.#wire.send(bytes);
    return bytes;
  }

  #send(message: object): Promise<void> {
    return this.#wire.send(Buffer.from(JSON.stringify(message)));
  }

  async #turnAway(reason: Refusal): Promise<SkeinError> {
    await this.#send({ refused: reason, spaces: [] });
    return refusal(reason, 'Cannot link: there is no space that both have and may see');
  }

  #turnedAway(said: string): SkeinError {
    this.wasRefused = true;
    const reason = REFUSALS.find((each) => each === said) ?? 'nothing-shared';
    return refusal(reason, `Cannot link: the peer refused (${reason})`);
  }

  /** One frame; the next one waits until it is asked for. */
  #next(): Promise<Uint8Array> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const wire = this.#wire;
    wire.receive((frame) => {
      wire.receive(undefined);
      resolve(frame);
    });
    void wire.closed.then((reason) =>
      reject(new SkeinError('node-unreachable', `Cannot link: ${reason}`)),
    );
    return promise;
  }

  #link(openings: Openings, said: Omit<Greeting, 'binding'>): Link {
    const { timers, limits = {}, refused } = this.#options;
    const { dialler, acceptor, transcript } = openings;
    return makeLink({
      peer: said.dialled ? acceptor.key : dialler.key,
      greeting: { ...said, binding: transcript },
      wire: this.#wire,
      timers,
      limits,
      ...(refused === undefined ? {} : { refused }),
    });
  }
}
