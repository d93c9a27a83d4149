/** Keeps a link to an address, for ever: exponential backoff with full jitter, at once when woken. */
import { toSkeinError } from '#protocol/errors.ts';
import type { Link } from './link/link.ts';
import { chance, type Surroundings } from './link/wire.ts';
import type { AddressStatus, SyncLimits } from './sync.ts';

/** What a loop needs of the engine. */
export interface DialPort extends Surroundings {
  readonly limits: Pick<SyncLimits, 'retryMs' | 'retryCapMs' | 'steadyMs'>;
  readonly dial: (address: string) => Promise<Link>;
  readonly welcome: (link: Link) => void;
  /** Resolves when there is no link to the peer, whoever made it. */
  readonly unlinked: (peer: string) => Promise<void>;
  readonly failed: (address: string, reason: string) => void;
}

/** One address. */
export class DialLoop {
  readonly #address: string;
  readonly #port: DialPort;
  #peer: string | null = null;
  #failures = 0;
  #problem: string | null = null;
  #isStopped = false;
  #wake: () => void = () => undefined;

  constructor(address: string, port: DialPort) {
    this.#address = address;
    this.#port = port;
    void this.#run();
  }

  status(): AddressStatus {
    const [address, peer, failures] = [this.#address, this.#peer, this.#failures];
    return { address, peer, failures, problem: this.#problem };
  }

  /** Tries now, if it waits. */
  wake(): void {
    this.#failures = 0;
    this.#wake();
  }

  stop(): void {
    this.#isStopped = true;
    this.#wake();
  }

  async #run(): Promise<void> {
    const { timers, limits } = this.#port;
    while (!this.#isStopped) {
      try {
        const link = await this.#port.dial(this.#address);
        if (this.#isStopped) return link.close('it is no longer wanted');
        const since = timers.monotonic();
        this.#peer = link.peer;
        this.#port.welcome(link);
        this.#problem = null;
        await this.#port.unlinked(link.peer);
        if (timers.monotonic() - since >= limits.steadyMs) this.#failures = 0;
      } catch (thrown) {
        this.#problem = toSkeinError(thrown).message;
        this.#port.failed(this.#address, this.#problem);
      }
      await this.#pause();
    }
  }

  /** Full jitter: nodes that lost the same peer at once don't come back at once. */
  #pause(): Promise<void> {
    const { timers, limits, random } = this.#port;
    const most = Math.min(limits.retryCapMs, limits.retryMs * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    if (this.#isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = timers.after(chance(random) * most, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
