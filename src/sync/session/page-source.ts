/** Pages of one space for others: what they are pushed, and what they ask for. */
import type { Exchange } from '#ledger/ledger.ts';
import type { LinkMessage } from '../link/link.ts';
import type { Timers } from '../link/wire.ts';
import { encodePage, encodePages } from '../page-codec.ts';
import { readParams, SYNC_PARAMS } from './heads.ts';
import type { EncodedPage } from './peer-session.ts';

/** A push brings at most so much; who lacks more asks for it. */
const PUSH_BYTES = 512 << 10;

/** The most that one call is answered with, however much it asks for. */
const MAX_ANSWER_BYTES = 4 << 20;

/** Reads pages and encodes them. */
export class PageSource {
  /** Chains whose commit after this number is too large to travel. */
  readonly stuck = new Map<string, number>();
  readonly #exchange: Pick<Exchange, 'page'>;
  readonly #timers: Timers;
  readonly #pageBytes: number;

  constructor(
    exchange: Pick<Exchange, 'page'>,
    port: { readonly timers: Timers; readonly limits: { readonly pageBytes: number } },
  ) {
    this.#exchange = exchange;
    this.#timers = port.timers;
    this.#pageBytes = port.limits.pageBytes;
  }

  /** Pages to be pushed: most peers lack the same, so it is read and encoded once. */
  cache(): (chain: string, after: number) => EncodedPage | undefined {
    const made = new Map<string, EncodedPage | undefined>();
    return (chain, after) => {
      const key = `${chain} ${after}`;
      if (!made.has(key)) made.set(key, this.#encode(chain, after, PUSH_BYTES));
      return made.get(key);
    };
  }

  /** Pages from a number on, until the answer is large enough. Throws `params-invalid`. */
  async answer(params: unknown): Promise<LinkMessage> {
    const { chain, after, maxBytes } = readParams(params, SYNC_PARAMS['sync.pages']);
    const limit = Math.min(maxBytes, MAX_ANSWER_BYTES);
    const pages: Uint8Array[] = [];
    let [bytes, at] = [0, Math.max(0, after)];
    do {
      const page = this.#encode(chain, at, Math.min(limit, this.#pageBytes));
      if (page === undefined || (pages.length > 0 && bytes + page.bytes.length > MAX_ANSWER_BYTES))
        break;
      pages.push(page.bytes);
      bytes += page.bytes.length;
      at = page.last;
      // Reading and encoding a page takes a while: others have their turn in between.
      if (bytes < limit) await new Promise<void>((resolve) => void this.#timers.after(0, resolve));
    } while (bytes < limit);
    return { params: null, body: encodePages(pages) };
  }

  #encode(chain: string, after: number, maxBytes: number): EncodedPage | undefined {
    const page = this.#exchange.page(chain, after, maxBytes);
    if (page === undefined) return undefined;
    try {
      return { bytes: encodePage(page), last: after + page.commits.length };
    } catch (thrown) {
      if ((thrown as Error).name !== 'payload-too-large') throw thrown;
      this.stuck.set(chain, after);
      return undefined;
    }
  }
}
