/** The edits of a plan as one blob: what exactly a person approves, byte for byte. */
import { canonicalJson } from '#lib/canonical-json.ts';
import { inParallel } from '#lib/in-parallel.ts';
import { sha256 } from '#lib/sha256.ts';
import type { BlobReference, Blobs } from '#ledger/ledger.ts';
import type { EventData } from '#protocol/event-types.ts';
import { assertKnownFormat } from '#protocol/known-format.ts';
import type { ProposedEdit } from '#workspace/apply-edit.ts';
import type { FileEdit, Occurrence } from '#workspace/language/language.ts';
import type { ChangedNames, OpenPlace, PlannedChange, PlannedPart, Strategy } from './recipe.ts';

/** One file of a plan; `after` is the blob of its new content. */
export interface PlannedEdit {
  readonly path: string;
  readonly baseHash: string;
  readonly afterHash: string;
  readonly after: BlobReference;
  readonly changes: number;
  readonly lines: readonly number[];
}

/** 2: commands and open places. A reader of format 1 would leave the commands out. */
const CONTENTS_FORMAT = 2;

/** What the blob of a plan holds. */
export interface PlanContents {
  readonly format: number;
  readonly title: string;
  readonly edits: readonly PlannedEdit[];
  readonly listed: readonly Occurrence[];
  readonly names: ChangedNames | null;
  /** By the write set of their task, whose paths they may change. */
  readonly commands?: readonly PlannedPart[];
  /** Files that are left out, and their plain edits. */
  readonly open?: readonly OpenPlace[];
  readonly plain?: readonly PlannedEdit[];
  /** How the change is made where the plain way did not do. */
  readonly strategies?: readonly Strategy[];
}

/** Stores new contents and what the change left alone; answers the reference to the list. */
export async function storeContents(
  blobs: Blobs,
  change: PlannedChange,
  strategies: readonly Strategy[],
): Promise<BlobReference> {
  const { title, edits, listed, names, parts = [], open = [] } = change;
  const contents: PlanContents = {
    format: CONTENTS_FORMAT,
    title,
    edits: await storeEdits(blobs, edits),
    listed,
    names,
    commands: parts.filter(({ command }) => command !== undefined),
    open,
    plain: await storeEdits(blobs, change.plain ?? []),
    strategies,
  };
  return blobs.put(Buffer.from(canonicalJson(contents)));
}

async function storeEdits(blobs: Blobs, edits: readonly FileEdit[]): Promise<PlannedEdit[]> {
  const stored: PlannedEdit[] = [];
  await inParallel([...edits.entries()], 16, async ([index, edit]) => {
    const { path, baseHash, afterHash, changes, lines } = edit;
    const after = await blobs.put(edit.after);
    stored[index] = { path, baseHash, afterHash, after, changes, lines };
  });
  return stored;
}

/** The contents of a plan; throws `record-too-new` for those of a later version. */
export function readContents(blobs: Pick<Blobs, 'get'>, reference: BlobReference): PlanContents {
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
