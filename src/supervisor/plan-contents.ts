/** The edits of a plan as one blob: what exactly a person approves, byte for byte. */
import { canonicalJson } from '#lib/canonical-json.ts';
import { inParallel } from '#lib/in-parallel.ts';
import { sha256 } from '#lib/sha256.ts';
import type { BlobReference, Blobs } from '#ledger/ledger.ts';
import type { EventData } from '#protocol/event-types.ts';
import { assertKnownFormat } from '#protocol/known-format.ts';
import type { ProposedEdit } from '#workspace/apply-edit.ts';
import type { Occurrence } from '#workspace/language/language.ts';
import type { ChangedNames, PlannedChange } from './recipe.ts';

/** One file of a plan; `after` is the blob of its new content. */
export interface PlannedEdit {
  readonly path: string;
  readonly baseHash: string;
  readonly afterHash: string;
  readonly after: BlobReference;
  readonly changes: number;
  readonly lines: readonly number[];
}

const CONTENTS_FORMAT = 1;

/** What the blob of a plan holds. */
export interface PlanContents {
  readonly format: typeof CONTENTS_FORMAT;
  readonly title: string;
  readonly edits: readonly PlannedEdit[];
  readonly listed: readonly Occurrence[];
  readonly names: ChangedNames | null;
}

/** Stores new contents and what the rename left alone; answers the reference to the list. */
export async function storeContents(
  blobs: Blobs,
  { title, edits, listed, names }: PlannedChange,
): Promise<BlobReference> {
  const planned: PlannedEdit[] = [];
  await inParallel([...edits.entries()], 16, async ([index, edit]) => {
    const { path, baseHash, afterHash, changes, lines } = edit;
    planned[index] = {
      path,
      baseHash,
      afterHash,
      after: await blobs.put(edit.after),
      changes,
      lines,
    };
  });
  const contents: PlanContents = { format: CONTENTS_FORMAT, title, edits: planned, listed, names };
  return blobs.put(Buffer.from(canonicalJson(contents)));
}

/** The contents of a plan; throws `record-too-new` for those of a later version. */
export function readContents(blobs: Blobs, reference: BlobReference): PlanContents {
  const contents = JSON.parse(blobs.get(reference.hash).toString('utf8')) as PlanContents;
  assertKnownFormat(contents.format, CONTENTS_FORMAT, 'the plan');
  return contents;
}

/** A planned edit with its new content, ready for the door. */
export const toProposedEdit = (blobs: Blobs, edit: PlannedEdit): ProposedEdit => ({
  path: edit.path,
  baseHash: edit.baseHash,
  afterHash: edit.afterHash,
  after: blobs.get(edit.after.hash),
  changes: edit.changes,
});

/** What an approval binds to: SHA-256 over all of the plan but its own hash. */
export const planHash = (plan: Omit<EventData<'plan.proposed'>, 'hash'>): string =>
  sha256(canonicalJson(plan));
