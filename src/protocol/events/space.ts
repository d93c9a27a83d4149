/** Events of a space: its genesis, its members, the start of a further chain. */
import { homeEvent } from '../event-type.ts';
import { digest, integer, list, nullable, oneOf, optional, text, fields } from '../shape.ts';

/** What a member may do. */
export const memberRole = oneOf('owner', 'writer', 'reader');

/** A place on a chain: its random id, the commit's number and hash. */
export const chainPoint = fields({ chain: text, seq: integer, hash: digest });

/** Types whose subject is `space/<id>`. Keys are ed25519 public keys, 64 hexadecimal digits. */
export const spaceEvents = {
  'space.created': homeEvent('space', { owner: digest, format: integer }),
  'space.member-admitted': homeEvent('space', { key: digest, role: memberRole }),
  'space.member-removed': homeEvent('space', { key: digest, cut: optional(chainPoint) }),
  'space.chain-started': homeEvent('space', {
    chain: text,
    after: nullable(chainPoint),
    reason: text,
    /** Ids that are known to be gone: events, blobs by hash, `chain:seq` of a first lost commit. */
    lost: optional(list(text)),
  }),
} as const;
