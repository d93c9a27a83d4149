/** The record of one request, told exactly once, when the request is over. */
import type { NetworkAccess } from '#sandbox/sandbox.ts';

/** What is known of a request before anything is done for it. */
export type Asked = Pick<NetworkAccess, 'method' | 'host' | 'port' | 'path'>;

/** How it ended, without its bytes. */
export interface AccessEnd {
  readonly verdict: NetworkAccess['verdict'];
  readonly reason?: string;
  readonly status?: number;
}

/** A record that is still open; `address` and the counts are set on the way. */
export interface AccessRecord {
  address: string | null;
  /** Bytes of bodies or tunnels: `in` to the program, `out` from it. */
  bytesIn: () => number;
  bytesOut: () => number;
  readonly end: (end: AccessEnd) => void;
}

const MAX_TEXT = 1_000;
const none = (): number => 0;

/** Opens records, and says when all of them were told. */
export class AccessLog {
  readonly #tell: (access: NetworkAccess) => void;
  readonly #open = new Set<AccessRecord>();

  constructor(tell: (access: NetworkAccess) => void) {
    this.#tell = tell;
  }

  begin({ method, host, port, path }: Asked): AccessRecord {
    const record: AccessRecord = {
      address: null,
      bytesIn: none,
      bytesOut: none,
      end: (end) => {
        if (!this.#open.delete(record)) return;
        const { address, bytesIn, bytesOut } = record;
        const asked = { method, host: cut(host), port, path: cut(path) };
        this.#tell({ ...asked, address, ...end, bytesIn: bytesIn(), bytesOut: bytesOut() });
      },
    };
    this.#open.add(record);
    return record;
  }

  /** Ends what never came to its end by itself. */
  endAll(reason: string): void {
    for (const record of this.#open) record.end({ verdict: 'failed', reason });
  }
}

const cut = (text: string): string => text.slice(0, MAX_TEXT);
