/** Finds which edits of a mission made a line of a git commit, by the contents that its edits left. */
import type { Ledger } from '#ledger/ledger.ts';
import { sha256 } from '#lib/sha256.ts';
import { toSkeinError } from '#protocol/errors.ts';
import type { EffectState } from '#tasks/effect-reducer.ts';
import { blameContents, type LineStep } from '#workspace/blame/blame-contents.ts';
import type { BlamedLine } from '#workspace/blame/blame-line.ts';
import { readBase } from '#workspace/trees/read-base.ts';
import { editsOf } from '../mission-facts.ts';
import { inOrder } from '../mission-tree.ts';

/**
 * Where to look. `certain`: the git commit is the one on record, and git knows what was before it, so
 * that the line is one that the mission changed.
 */
export interface EditSearch {
  readonly ledger: Pick<Ledger, 'read' | 'blobs'>;
  /** The top of the repository. */
  readonly top: string;
  readonly mission: string;
  /** The git commit that the mission started from. */
  readonly base: string;
  readonly line: BlamedLine & { readonly commit: string };
  readonly certain: boolean;
}

/** An edit that made the line, or one that it replaced; without a step its content is not here. */
export interface FoundEdit {
  readonly effect: EffectState;
  readonly step: LineStep | null;
}

/** `none`: the line is not of this mission, and why; `unclear`: it may be, and why that can't be told. */
export type EditsFound =
  | { readonly type: 'edits'; readonly edits: readonly FoundEdit[]; readonly proven: boolean }
  | { readonly type: 'none' | 'unclear'; readonly why: string };

/** Looks through the edits of the line's file, under the name that it had before too. */
export async function findEdits(search: EditSearch): Promise<EditsFound> {
  const { line, mission } = search;
  const paths = [line.path, ...(line.previous === null ? [] : [line.previous.path])];
  const [path = line.path, edits = []] =
    paths
      .map((each) => [each, editsOfFile(search, each)] as const)
      .find(([, of]) => of.length > 0) ?? [];
  if (edits.length === 0) {
    return { type: 'none', why: `mission ${mission} did not edit ${line.path}` };
  }
  const afters = edits.map(({ intent }) => readBlob(search.ledger.blobs, intent));
  const missing = afters.filter((after) => after === undefined).length;
  if (missing > 0) return withoutContents(search, edits, missing);
  return trace(search, path, { edits, afters: afters as readonly Buffer[] });
}

/** The edits of a file that were carried out, in their order on the record. */
const editsOfFile = (
  { ledger: { read }, mission }: EditSearch,
  path: string,
): readonly EffectState[] =>
  inOrder(
    read,
    editsOf(read, mission, path).filter(({ intent }) => intent['path'] === path),
  );

function readBlob(blobs: Ledger['blobs'], intent: EffectState['intent']): Buffer | undefined {
  const { hash } = intent['after'] as { readonly hash: string };
  try {
    return blobs.get(hash);
  } catch (thrown) {
    const { name } = toSkeinError(thrown);
    if (name === 'blob-missing' || name === 'record-damaged') return undefined;
    throw thrown;
  }
}

/** The only edit of a file made what its git commit changed there, also when its text is gone. */
function withoutContents(
  { certain, line }: EditSearch,
  edits: readonly EffectState[],
  missing: number,
): EditsFound {
  const [only] = edits;
  if (certain && only !== undefined && edits.length === 1) {
    return { type: 'edits', edits: [{ effect: only, step: null }], proven: true };
  }
  const which = `${missing} of the ${edits.length} contents that its edits of ${line.path} left`;
  return { type: 'unclear', why: `${which} are not here: which edit made the line can't be told` };
}

interface Contents {
  readonly edits: readonly EffectState[];
  readonly afters: readonly Buffer[];
}

async function trace(
  search: EditSearch,
  path: string,
  { edits, afters }: Contents,
): Promise<EditsFound> {
  const { line, top, base, certain, mission } = search;
  const before = fit((await readBase(top, base, [path])).get(path), edits[0]?.intent['baseHash']);
  const now = fit(
    (await readBase(top, line.commit, [line.path])).get(line.path),
    edits.at(-1)?.intent['afterHash'],
  );
  const isRewritten = now?.fits !== true;
  const contents = [
    ...(before === undefined ? [] : [before.content]),
    ...afters,
    ...(now === undefined || now.fits ? [] : [now.content]),
  ];
  // What git stores may have other line ends than what was edited.
  const isPlain = before?.fits === true && !isRewritten;
  const steps = await blameContents(isPlain ? contents : contents.map(withoutReturns), line.line);
  const first = before === undefined ? 0 : 1;
  const found = steps.flatMap((step): FoundEdit[] => {
    const effect = edits[step.step - first];
    return effect === undefined ? [] : [{ effect, step }];
  });
  const last = steps[0]?.step ?? 0;
  if (last >= first && last < first + edits.length) {
    // Without the base, what the first edit left may have stood there before it.
    const proven = certain || before !== undefined || last > 0;
    return { type: 'edits', edits: found, proven };
  }
  if (certain) {
    const which = `which of the ${edits.length} edits of ${path}`;
    return { type: 'unclear', why: `${which} made the line can't be told` };
  }
  const why =
    last < first
      ? `the line stood there before mission ${mission} edited the file`
      : `the line is not as mission ${mission} left it`;
  return { type: 'none', why };
}

interface Fitted {
  readonly content: Buffer;
  /** Whether it is byte for byte what the edit named. */
  readonly fits: boolean;
}

/** What git stores, or what a checkout with other line ends makes of it. */
function fit(stored: Buffer | undefined, hash: unknown): Fitted | undefined {
  if (stored === undefined) return undefined;
  if (sha256(stored) === hash) return { content: stored, fits: true };
  const text = stored.toString('latin1').replaceAll(/\r?\n/gu, '\r\n');
  const content = Buffer.from(text, 'latin1');
  return sha256(content) === hash ? { content, fits: true } : { content: stored, fits: false };
}

const withoutReturns = (content: Buffer): Buffer =>
  Buffer.from(content.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
