/**
 * Why something a peer sent was refused. The reasons are counted, told in `skein status` and never
 * mixed up with mishaps of our own: only what a peer did is held against it.
 */
import { SkeinError, type ErrorName } from '#protocol/errors.ts';

/** Every reason. */
export const REFUSALS = [
  // the handshake
  'hello-invalid',
  'hello-late',
  'version-unknown',
  'key-unexpected',
  'key-own',
  'proof-wrong',
  'nothing-shared',
  'too-many',
  // the link
  'frame-invalid',
  'frame-oversize',
  'seal-broken',
  // what was asked for or sent
  'method-unknown',
  'params-invalid',
  'not-found',
  'page-invalid',
  'page-refused',
  'not-member',
  'record-too-new',
  'chain-forked',
  'blob-wrong',
  'invite-invalid',
  'barred',
] as const;

/** A reason. */
export type Refusal = (typeof REFUSALS)[number];

/** Counts refusals; `peer` is the key, as far as it is known. */
export type RefusalCounter = (reason: Refusal, peer?: string) => void;

/** An error that says what was refused, as `details.reason`. */
export function refusal(
  reason: Refusal,
  detail: string,
  name: ErrorName = 'peer-refused',
): SkeinError {
  return new SkeinError(name, detail, { details: { reason } });
}

/** The reason that an error gives, when it gives one. */
export function refusalOf(error: SkeinError): Refusal | undefined {
  const reason = error.details?.['reason'];
  return REFUSALS.find((each) => each === reason);
}

/** Counts by reason, for handshakes and the engine together. */
export class RefusalTally {
  readonly counts: Partial<Record<Refusal, number>> = {};

  add(reason: Refusal): void {
    this.counts[reason] = (this.counts[reason] ?? 0) + 1;
  }
}
