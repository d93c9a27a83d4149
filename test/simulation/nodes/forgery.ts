/** Pages that no honest node makes: in the name of a member who did not sign, or by a stranger. */
import { generateKeyPairSync } from 'node:crypto';
import { makeSigner, type Signer } from '#identity/signer.ts';
import type { Page } from '#ledger/ledger.ts';
import { encodeEvents, makeSalts, signCommit } from '#ledger/store/commit-writer.ts';
import { shortNode } from '#protocol/address.ts';
import { decodeHeader } from '#protocol/commit.ts';
import type { NewSkeinEvent } from '#protocol/event-types.ts';
import type { SeededRandom } from '../../support/seeded-random.ts';
import { human, note, SPACE } from '../../support/test-ledger.ts';
import type { Life } from './sim-peer.ts';

/** What a forgery is made with; `victim` is the key of whoever it pretends to be. */
export interface Forging {
  readonly life: Life;
  readonly liar: Signer;
  readonly random: SeededRandom;
  readonly how: 'signature' | 'stranger';
  readonly victim: string;
}

interface End {
  readonly chain: string;
  readonly seq: number;
  readonly prev: string | null;
  readonly hlc: string;
}

/** A page of one commit that looks as if it came next. */
export function forgedPage({ life, liar, random, how, victim }: Forging): Page {
  const end = how === 'stranger' ? undefined : endOf(life, victim);
  const { fill } = random;
  const signer = how === 'stranger' ? stranger() : { key: victim, sign: liar.sign };
  const digits = Buffer.from(fill(new Uint8Array(16))).toString('hex');
  const chain = `${shortNode(signer.key)}${digits.slice(16)}`;
  const from = end ?? { chain, seq: 0, prev: null, hlc: '000001000000000-000000' };
  const command = { id: life.newId(), name: 'note.record', input: null };
  const time = new Date(0).toISOString();
  const salt = makeSalts(random.fill);
  const news = [note('it was not me') as NewSkeinEvent];
  const events = encodeEvents(news, command, human, { time, salt });
  const { chain: name, seq, prev, hlc } = from;
  const next = {
    space: SPACE,
    chain: name,
    seq: seq + 1,
    prev,
    hlc: `${hlc.slice(0, 16)}999999`,
    seen: [],
  };
  const { header, signature } = signCommit(signer, next, events);
  const sent = events.map(({ salt: salted, body }) => ({ salt: salted, body }));
  return { space: SPACE, commits: [{ header, signature, events: sent }] };
}

/** A key that nobody knows. */
export const stranger = (): Signer => makeSigner(generateKeyPairSync('ed25519').privateKey);

/** Where the chain of somebody ends, as far as the liar knows. */
function endOf({ record }: Life, author: string): End | undefined {
  const { exchange } = record.ledger;
  const head = exchange.heads().find((each) => each.author === author);
  if (head === undefined) return undefined;
  const last = exchange.page(head.chain, head.seq - 1, 1)?.commits[0];
  if (last === undefined) return undefined;
  const { hlc } = decodeHeader(last.header);
  return { chain: head.chain, seq: head.seq, prev: head.hash, hlc };
}
