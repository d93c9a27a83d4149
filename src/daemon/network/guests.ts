/** Whom this node has invited, and that they are let in: once, by the owner of the space. */
import { randomFillSync } from 'node:crypto';
import type { Signer } from '#identity/signer.ts';
import type { Ledger } from '#ledger/ledger.ts';
import type { SpaceState } from '#ledger/state/space-reducer.ts';
import { shortNode } from '#protocol/address.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { Link } from '#sync/link/link.ts';
import { InviteBook } from '#sync/member/invite-book.ts';
import { encodeInvite } from '#sync/member/invite.ts';
import { serveGuest } from '#sync/member/join.ts';
import type { GuestRole } from '#sync/member/member-decider.ts';
import type { RefusalCounter } from '#sync/refusal.ts';
import { surroundings } from './network-sync.ts';

/** What guests are let in with. */
export interface GuestsOptions {
  /** The file of invitations. */
  readonly path: string;
  readonly signer: Signer;
  readonly newId: () => string;
  readonly ledgerOf: (space: string) => Promise<Ledger>;
  /** Where this node is found by who joins the space. */
  readonly addresses: (space: string) => readonly string[];
  /** Whether the space is the record of a repository. */
  readonly isProject: (space: string) => boolean;
  readonly refused: RefusalCounter;
}

/** A code, and what it is good for. */
export interface Invitation {
  readonly code: string;
  readonly space: string;
  readonly expiresAt: string;
  readonly addresses: readonly string[];
}

/** The invitations of one node. */
export class Guests {
  readonly #options: GuestsOptions;
  readonly #book: InviteBook;

  constructor(options: GuestsOptions) {
    this.#options = options;
    this.#book = new InviteBook({
      path: options.path,
      now: Date.now,
      random: (bytes) => randomFillSync(bytes),
      newId: options.newId,
    });
  }

  /** Throws `not-home` at a node that doesn't own the space, `usage` when nobody could come. */
  async invite(space: string, role: GuestRole, expiresInMs: number): Promise<Invitation> {
    const { signer } = this.#options;
    const owner = await this.#ownerOf(space);
    if (owner !== signer.key) {
      throw new SkeinError('not-home', `Cannot invite: node ${shortNode(owner)} owns the space`, {
        fix: 'Invite at that node: skein invite',
      });
    }
    const addresses = this.#options.addresses(space);
    if (addresses.length === 0) {
      throw new SkeinError('usage', 'Cannot invite: nobody could reach this node', {
        fix: 'Let it listen: skein up --listen <host:port>, or meet over NATS: skein up --nats <host:port>.',
      });
    }
    const { secret, expiresAt } = this.#book.invite(space, role, expiresInMs);
    const expires = Math.ceil(expiresAt / 1_000);
    const isProject = this.#options.isProject(space);
    const code = encodeInvite({ space, key: signer.key, addresses, secret, expires, isProject });
    return { code, space, expiresAt: new Date(expiresAt).toISOString(), addresses };
  }

  /** Serves a guest: it may join, and nothing else. */
  serve(link: Link): void {
    serveGuest(link, {
      book: this.#book,
      timers: surroundings.timers,
      refused: this.#options.refused,
      admit: async ({ space, role, command }, { key, name }) => {
        const ledger = await this.#options.ledgerOf(space);
        const actor = `node:${shortNode(this.#options.signer.key)}`;
        const input = { key, role, ...(name === undefined ? {} : { name }) };
        const admit = { id: command, name: 'space.admit', input };
        await ledger.execute(admit, { actor, authority: 'system' });
        return this.#ownerOf(space);
      },
    });
  }

  async #ownerOf(space: string): Promise<string> {
    const { read } = await this.#options.ledgerOf(space);
    return (read.entity('space', space)?.body as SpaceState | undefined)?.owner ?? '';
  }
}
