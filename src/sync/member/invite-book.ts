/**
 * Whom this home has invited: one file, durable and for its owner's eyes, with the public halves of
 * the secrets. An invitation is used up, with the key that used it, before that key is admitted:
 * after a crash in between only the same key may come again.
 */
import { existsSync } from 'node:fs';
import { readSecretFile } from '#identity/secret-file.ts';
import { writeDurably } from '#ledger/store/durable-file.ts';
import { SkeinError } from '#protocol/errors.ts';
import { assertKnownFormat } from '#protocol/known-format.ts';
import { isProof, secretSigner, SECRET_BYTES } from './invite.ts';
import type { GuestRole } from './member-decider.ts';

/** An invitation as it is kept. Times are milliseconds since 1970. */
export interface KeptInvite {
  readonly space: string;
  readonly role: GuestRole;
  /** The public half of the secret's key. */
  readonly verifier: string;
  /** The id of the command that admits: the same however often it is tried. */
  readonly command: string;
  readonly expiresAt: number;
  readonly usedBy: string | null;
}

/** What a guest shows. */
export interface Claim {
  readonly space: string;
  readonly key: string;
  readonly binding: string;
  readonly proof: string;
}

/** What the book is kept with. */
export interface InviteBookOptions {
  readonly path: string;
  readonly now: () => number;
  readonly random: (bytes: Uint8Array) => Uint8Array;
  /** Makes a UUIDv7. */
  readonly newId: () => string;
}

const FORMAT = 1;
const MAX_INVITES = 1_000;
/** How long one that was used stays: until then its guest may come again. */
const KEPT_MS = 30 * 24 * 3_600_000;

/** The invitations of a home. */
export class InviteBook {
  readonly #options: InviteBookOptions;

  constructor(options: InviteBookOptions) {
    this.#options = options;
  }

  /** Makes an invitation; what is answered is kept nowhere. */
  invite(
    space: string,
    role: GuestRole,
    expiresInMs: number,
  ): { readonly secret: Uint8Array; readonly expiresAt: number } {
    const { now, random, newId } = this.#options;
    const kept = this.list();
    if (kept.length >= MAX_INVITES) {
      throw new SkeinError('limit-reached', `Cannot invite: ${MAX_INVITES} invitations are open`);
    }
    const secret = Uint8Array.from(random(new Uint8Array(SECRET_BYTES)));
    const expiresAt = now() + expiresInMs;
    const verifier = secretSigner(secret).key;
    this.#write([...kept, { space, role, verifier, command: newId(), expiresAt, usedBy: null }]);
    return { secret, expiresAt };
  }

  /** Uses an invitation up. Throws `invite-invalid`, with the same words whatever is wrong. */
  claim({ space, key, binding, proof }: Claim): KeptInvite {
    const kept = this.list();
    const found = kept.find(
      (each) => each.space === space && isProof(proof, each.verifier, { binding, space }),
    );
    const isOpen =
      found !== undefined && found.usedBy === null && found.expiresAt > this.#options.now();
    if (found === undefined || (!isOpen && found.usedBy !== key)) {
      throw new SkeinError(
        'invite-invalid',
        'Cannot join: the invitation is unknown, used or too old',
        {
          fix: 'Ask for a new one: skein invite',
          details: { reason: 'invite-invalid' },
        },
      );
    }
    const used = { ...found, usedBy: key };
    if (isOpen) this.#write(kept.map((each) => (each === found ? used : each)));
    return used;
  }

  /** Those that may still be used, or were not long ago. */
  list(): readonly KeptInvite[] {
    const { path, now } = this.#options;
    if (!existsSync(path)) return [];
    const file = parse(path);
    assertKnownFormat(file.format, FORMAT, path);
    const used = now() - KEPT_MS;
    return file.invites.filter(
      ({ expiresAt, usedBy }) => expiresAt > (usedBy === null ? now() : used),
    );
  }

  #write(invites: readonly KeptInvite[]): void {
    writeDurably(this.#options.path, `${JSON.stringify({ format: FORMAT, invites }, null, 2)}\n`);
  }
}

function parse(path: string): { readonly format: number; readonly invites: KeptInvite[] } {
  try {
    return JSON.parse(readSecretFile(path) ?? '') as ReturnType<typeof parse>;
  } catch (cause) {
    if (cause instanceof SkeinError) throw cause;
    throw new SkeinError('config-invalid', `Cannot read ${path}: it is no JSON`, {
      cause,
      fix: 'Remove it: who was invited and has not come yet needs a new code.',
    });
  }
}
