/** Events of a space: its genesis, its members, the start of a further chain, what was pruned. */
import { homeEvent, mergeEvent, noteEvent } from '../event-type.ts';
import { digest, integer, list, nullable, oneOf, optional, text, fields } from '../shape.ts';
import { blobReference } from './mission.ts';

/** What a member may do. */
export const memberRole = oneOf('owner', 'writer', 'reader');

/** A place on a chain: its random id, the commit's number and hash. */
export const chainPoint = fields({ chain: text, seq: integer, hash: digest });

/** A signed header as it was received, both base64. */
const signedHeader = fields({ header: text, signature: text });

/** Types whose subject is `space/<id>`. Keys are ed25519 public keys, 64 hexadecimal digits. */
export const spaceEvents = {
  'space.created': homeEvent('space', { owner: digest, format: integer }),
  'space.member-admitted': homeEvent('space', {
    key: digest,
    role: memberRole,
    name: optional(text),
  }),
  /** Everything of the member's chain after `cut` is void, whenever it arrives. */
  'space.member-removed': homeEvent('space', { key: digest, cut: optional(chainPoint) }),
  /** Every member starts its own chains. */
  'space.chain-started': mergeEvent('space', {
    chain: text,
    after: nullable(chainPoint),
    reason: text,
    /** Ids that are known to be gone: events, blobs by hash, `chain:seq` of a first lost commit. */
    lost: optional(list(text)),
  }),
  /**
   * Two different commits that one author signed with the same number, as `space/<id>` remembers
   * them: from that number on nothing of the chain counts. The signatures are the proof, so any
   * member may say it.
   */
  'chain.forked': mergeEvent('space', {
    author: digest,
    chain: text,
    seq: integer,
    first: signedHeader,
    second: signedHeader,
  }),
} as const;

/**
 * Events of one chain: all events of the commits `from` to `to`; or, of the single commit that both
 * name, those from `first` to `last`, counted from 0.
 */
export const eventRange = fields({
  chain: text,
  from: integer,
  to: integer,
  first: optional(integer),
  last: optional(integer),
});

/** Types about the record itself. Their `mission` says what they are about. */
export const recordEvents = {
  /**
   * What goes of a mission, durable before it does: the bodies of its events with all that only they
   * need, or only what programs printed. Exactly the `ranges` and `blobs` go, or those of the blob
   * `list` when they are many. `state` are blobs of the mission's entities: a fold needs them, now
   * that it can't read their events. `events` and `bytes` (before compression) are for people.
   */
  'record.pruned': noteEvent({
    what: oneOf('bodies', 'outputs'),
    reason: text,
    events: integer,
    bytes: integer,
    ranges: optional(list(eventRange)),
    blobs: optional(list(digest)),
    list: optional(blobReference),
    state: optional(list(blobReference)),
  }),
} as const;
