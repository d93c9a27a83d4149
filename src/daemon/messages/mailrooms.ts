/** The mailrooms of a node, one for each space in which messages are sent: opened at their first use. */
import { Mailroom, type MailroomOptions } from '#bus/inbox/mailroom.ts';
import type { Ledger } from '#ledger/ledger.ts';

/** What all mailrooms of a node are made of. */
export interface MailroomParts extends Omit<MailroomOptions, 'ledger' | 'fetchBlob'> {
  /** Brings a blob of a space from another node. */
  readonly fetchBlob: (space: string, hash: string) => Promise<Uint8Array>;
}

interface Opened {
  readonly ledger: Ledger;
  readonly mailroom: Mailroom;
}

/** Opens and closes the mailrooms of one node. */
export class Mailrooms {
  readonly #parts: MailroomParts;
  readonly #open = new Map<string, Opened>();

  constructor(parts: MailroomParts) {
    this.#parts = parts;
  }

  /** That of the ledger's space; a ledger that was opened again has a new one. */
  of(ledger: Ledger): Mailroom {
    const known = this.#open.get(ledger.space);
    if (known?.ledger === ledger) return known.mailroom;
    void known?.mailroom.close();
    const fetchBlob = (hash: string): Promise<Uint8Array> =>
      this.#parts.fetchBlob(ledger.space, hash);
    const mailroom = new Mailroom({ ...this.#parts, ledger, fetchBlob });
    this.#open.set(ledger.space, { ledger, mailroom });
    return mailroom;
  }

  /** Ends all who follow; the ledgers may be closed then. */
  async close(): Promise<void> {
    await Promise.all(Array.from(this.#open.values(), ({ mailroom }) => mailroom.close()));
    this.#open.clear();
  }
}
