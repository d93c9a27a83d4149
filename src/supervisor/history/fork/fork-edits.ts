/**
 * What the done tasks of a fork had written, as one blob: task by task, in the order of the plan,
 * each file with the blob of its content. Laid out one after the other they give the same git
 * trees as before.
 */
import { canonicalJson } from '#lib/canonical-json.ts';
import type { BlobReference, Blobs } from '#ledger/ledger.ts';
import { assertKnownFormat } from '#protocol/known-format.ts';

/** One file; `baseHash` is what the step before it (or the base) leaves there. */
export interface ForkEdit {
  readonly path: string;
  readonly baseHash: string;
  readonly afterHash: string;
  readonly after: BlobReference;
  readonly changes: number;
}

/** What one task wrote. */
export interface ForkStep {
  readonly task: string;
  readonly edits: readonly ForkEdit[];
}

const FORMAT = 1;

/** Stores the steps; null when nothing was written. */
export async function storeSteps(
  blobs: Blobs,
  steps: readonly ForkStep[],
): Promise<BlobReference | null> {
  if (steps.every(({ edits }) => edits.length === 0)) return null;
  return blobs.put(Buffer.from(canonicalJson({ format: FORMAT, steps })));
}

/** The steps of a fork; throws `record-too-new` for those of a later version, `blob-missing`. */
export function readSteps(
  blobs: Pick<Blobs, 'get'>,
  reference: BlobReference | null,
): readonly ForkStep[] {
  if (reference === null) return [];
  const stored = JSON.parse(blobs.get(reference.hash).toString('utf8')) as {
    readonly format: number;
    readonly steps: readonly ForkStep[];
  };
  assertKnownFormat(stored.format, FORMAT, 'the fork');
  return stored.steps;
}
