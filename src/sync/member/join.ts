/** Joining a space: what a guest says, and how the inviter's node lets it in. */
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import { digest, fields, optional, text, type FieldsOf } from '#protocol/shape.ts';
import type { DialHello } from '../hello/handshake.ts';
import type { Link, LinkMessage } from '../link/link.ts';
import type { Timers } from '../link/wire.ts';
import { refusal, type RefusalCounter } from '../refusal.ts';
import { readParams } from '../session/heads.ts';
import type { InviteBook, KeptInvite } from './invite-book.ts';
import { decodeInvite, proveSecret } from './invite.ts';

const request = fields({ space: text, proof: text, name: optional(text) });
const answer = fields({ owner: digest });

/** How long a guest may stay, in milliseconds, and how often it may try. */
const GUEST_MS = 15_000;
const MAX_TRIES = 3;

/** What the inviter's node lets guests in with. */
export interface GuestOptions {
  readonly book: Pick<InviteBook, 'claim'>;
  /** Executes `space.admit` as `invite.command`; answers the key of the space's owner. */
  readonly admit: (
    invite: KeptInvite,
    guest: { readonly key: string; readonly name?: string },
  ) => Promise<string>;
  readonly timers: Timers;
  readonly refused?: RefusalCounter;
}

/** Serves a guest's link (`SyncOptions.guest`): it may join, and do nothing else. */
export function serveGuest(link: Link, options: GuestOptions): void {
  const { timers, refused } = options;
  const stop = timers.after(GUEST_MS, () => link.close('the time of a guest is over'));
  void link.closed.then(stop);
  let tries = 0;
  link.serve(async (method, message) => {
    try {
      tries += 1;
      if (tries > MAX_TRIES) link.close('too many tries');
      if (method !== 'join')
        throw refusal('method-unknown', 'Cannot serve a guest: it may join', 'not-found');
      return await letIn(link, message, options);
    } catch (thrown) {
      const error = toSkeinError(thrown);
      const isMishap = error.name !== 'invite-invalid' && error.details?.['reason'] === undefined;
      if (!isMishap) refused?.('invite-invalid', link.peer);
      throw error;
    }
  });
}

async function letIn(
  link: Link,
  { params }: LinkMessage,
  { book, admit }: GuestOptions,
): Promise<LinkMessage> {
  const { space, proof, name } = readParams(params, request);
  const { binding } = link.greeting;
  const invite = book.claim({ space, key: link.peer, binding, proof });
  const owner = await admit(invite, { key: link.peer, ...(name === undefined ? {} : { name }) });
  return { params: { owner } };
}

/** What a guest joins with. */
export interface JoinOptions {
  readonly code: string;
  /** Makes a link to an address (`dialWs` and its like). */
  readonly dial: (address: string, hello: DialHello) => Promise<Link>;
  readonly now: () => number;
  readonly name?: string;
}

/** What a guest knows after it was let in: enough to open a copy of the space, and whom to link with. */
export interface Joined {
  readonly space: string;
  readonly owner: string;
  readonly inviter: string;
  /** The address that led to the inviter. */
  readonly address: string;
}

/**
 * Joins with a code. Throws `invite-invalid` when it is refused, `node-unreachable` when no address
 * of it leads to the inviter. The same node may use the same code again.
 */
export async function joinSpace({ code, dial, now, name }: JoinOptions): Promise<Joined> {
  const { space, key, addresses, secret, expires } = decodeInvite(code);
  if (expires * 1_000 <= now()) {
    throw new SkeinError('invite-invalid', 'Cannot join: the invitation is too old', {
      fix: 'Ask for a new one: skein invite',
    });
  }
  const problems: string[] = [];
  for (const address of addresses) {
    let link: Link;
    try {
      link = await dial(address, { expect: key, purpose: 'join' });
    } catch (thrown) {
      problems.push(`${address}: ${toSkeinError(thrown).message}`);
      continue;
    }
    try {
      const proof = proveSecret(secret, { binding: link.greeting.binding, space });
      const params: FieldsOf<{ space: typeof text; proof: typeof text }> = { space, proof };
      const said = await link.call('join', name === undefined ? params : { ...params, name });
      const { owner } = readParams(said.params, answer);
      return { space, owner, inviter: key, address };
    } finally {
      link.close('joined');
    }
  }
  throw new SkeinError('node-unreachable', `Cannot join: ${problems.join('; ')}`, {
    fix: 'Is the inviting node up, and can it be reached from here?',
  });
}
