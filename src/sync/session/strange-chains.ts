/**
 * Chains that a peer says there are, and of which nothing is here yet. Saying so costs it nothing: of
 * each member only so many are looked for at once, and those that nobody speaks of any more are forgotten.
 */
import { NODE_DIGITS } from '#protocol/address.ts';

/** What is asked about chains; `isMember` is told how a key begins. */
export interface StrangeChainsOptions {
  readonly isMember: (short: string) => boolean;
  readonly isHere: (chain: string) => boolean;
  /** Whether a linked peer says that it has it. */
  readonly isClaimed: (chain: string) => boolean;
  readonly forget: (chain: string) => void;
}

/** Of one member, or of all whom the name of a chain does not tell. */
export const MAX_STRANGE = 256;

/** So many are refused before it is looked again whether there is room. */
const REFUSED_BETWEEN = 64;

interface Group {
  readonly chains: Set<string>;
  patience: number;
}

const NAME = /^[0-9a-f]{32}$/u;

/** Those of one space. */
export class StrangeChains {
  readonly #options: StrangeChainsOptions;
  readonly #groups = new Map<string, Group>();

  constructor(options: StrangeChainsOptions) {
    this.#options = options;
  }

  /** Whether one more may be looked for. */
  admit(chain: string): boolean {
    if (!NAME.test(chain)) return false;
    const short = chain.slice(0, NODE_DIGITS);
    const author = this.#options.isMember(short) ? short : '';
    const group = this.#groups.get(author) ?? { chains: new Set(), patience: 0 };
    this.#groups.set(author, group);
    if (group.chains.size >= MAX_STRANGE && !this.#makeRoom(group)) return false;
    group.chains.add(chain);
    return true;
  }

  /** Looking through all of them in vain is not done for each one that is refused. */
  #makeRoom(group: Group): boolean {
    group.patience -= 1;
    if (group.patience > 0) return false;
    this.#sweep(group.chains);
    const isRoom = group.chains.size < MAX_STRANGE;
    group.patience = isRoom ? 0 : REFUSED_BETWEEN;
    return isRoom;
  }

  #sweep(group: Set<string>): void {
    const { isHere, isClaimed, forget } = this.#options;
    for (const chain of group) {
      const isKnown = isHere(chain);
      if (!isKnown && isClaimed(chain)) continue;
      group.delete(chain);
      if (!isKnown) forget(chain);
    }
  }
}
