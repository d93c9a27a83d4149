/**
 * Damage is found before the data is served: the first use of a record in a node's life waits
 * until it was verified. A long record is verified meanwhile, and becomes read-only on a finding.
 */

/** Up to this size, ledger and blobs together, the first use waits: about a second's reading. */
const WAIT_UP_TO_BYTES = 32 * 1024 * 1024;

/** What a proof needs: how large a record is, and how it is verified and marked. */
export interface ProofParts {
  readonly bytes: (space: string) => number;
  readonly prove: (space: string) => Promise<void>;
  /** Told when a record could not be verified at all. */
  readonly report: (error: unknown) => void;
}

/** Proves each record once. */
export class FirstProof {
  readonly #parts: ProofParts;
  readonly #proofs = new Map<string, Promise<void>>();

  constructor(parts: ProofParts) {
    this.#parts = parts;
  }

  /** Resolves when the record may be served. */
  async before(space: string): Promise<void> {
    const running = this.#proofs.get(space) ?? this.#begin(space);
    if (this.#parts.bytes(space) <= WAIT_UP_TO_BYTES) await running;
  }

  /** The record is new or was just verified: there is nothing to wait for. */
  trust(space: string): void {
    this.#proofs.set(space, Promise.resolve());
  }

  #begin(space: string): Promise<void> {
    const proof = this.#parts.prove(space).catch((error: unknown) => this.#parts.report(error));
    this.#proofs.set(space, proof);
    return proof;
  }
}
