/**
 * What files a mission had written at a moment, by the record alone: the git commit they lie on and
 * each changed file with the blob of its content. Needs no git, and guesses nothing.
 */
import type { BlobReference, Ledger, LedgerReader } from '#ledger/ledger.ts';
import type { Entity } from '#protocol/entity.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { EffectState } from '#tasks/effect-reducer.ts';
import type { MissionState } from '../mission-reducer.ts';

/** A file that edits had changed. */
export interface TreeFile {
  readonly path: string;
  /** SHA-256 of what its first edit was made from. */
  readonly baseHash: string;
  /** The blob of what its last edit made of it. */
  readonly hash: string;
  readonly bytes: number;
  /** The event that announced its last edit. */
  readonly edit: string;
}

/** The files of a mission at a moment. */
export interface MissionTree {
  /** The git commit that the mission started from. */
  readonly base: string;
  /** The git commit it had made: then its tree is that one's, for a mission edits nothing after it. */
  readonly gitCommit: string | null;
  /** The git tree of that commit. */
  readonly gitTree: string | null;
  /** All files changed since `base`, sorted by path. */
  readonly files: readonly TreeFile[];
  /** Paths of edits under way: announced, and not yet said to be done. They may be written or not. */
  readonly underWay: readonly string[];
}

/** The tree of the mission whose entities, as they stood then, are given. Throws `not-found`. */
export function treeAt({ read }: Pick<Ledger, 'read'>, entities: Iterable<Entity>): MissionTree {
  const all = Array.from(entities);
  const mission = all.find(({ kind }) => kind === 'mission')?.body as MissionState | undefined;
  if (mission === undefined) {
    throw new SkeinError('not-found', 'Cannot find the tree: the mission had not begun');
  }
  const effects = all
    .filter(({ kind }) => kind === 'effect')
    .map(({ body }) => body as EffectState);
  const edits = effects.filter(({ kind }) => kind === 'edit');
  const made = effects.find(({ kind, status }) => kind === 'git-commit' && status === 'done');
  return {
    base: mission.base,
    gitCommit: (made?.outcome?.['gitCommit'] as string | undefined) ?? null,
    gitTree: (made?.intent['tree'] as string | undefined) ?? null,
    files: filesOf(read, edits),
    underWay: pathsOf(edits.filter(({ status }) => status === 'intended')),
  };
}

/** Each path with what its first edit found and what its last one left. */
function filesOf(read: LedgerReader, edits: readonly EffectState[]): readonly TreeFile[] {
  const done = edits.filter(({ status }) => status === 'done');
  const byPath = Map.groupBy(done, ({ intent }) => String(intent['path']));
  const files: TreeFile[] = [];
  for (const [path, ofPath] of byPath) {
    let baseHash: string | undefined;
    for (const { intent, intentEvent: edit } of inOrder(read, ofPath)) {
      const { baseHash: before, after } = intent as unknown as EditIntent;
      baseHash ??= before;
      files.push({ path, baseHash, ...after, edit });
    }
  }
  const last = new Map(files.map((file) => [file.path, file]));
  return [...last.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/**
 * Effects in the order of the record. Ids would do, but that a clock may have gone back between two
 * lives of a node.
 */
export function inOrder(read: LedgerReader, edits: readonly EffectState[]): readonly EffectState[] {
  if (edits.length === 1) return edits;
  const placed = edits.map((edit) => ({ edit, at: read.position(edit.intentEvent) ?? 0 }));
  return placed.sort((a, b) => a.at - b.at).map(({ edit }) => edit);
}

interface EditIntent {
  readonly baseHash: string;
  readonly after: BlobReference;
}

const pathsOf = (edits: readonly EffectState[]): readonly string[] =>
  [...new Set(edits.map(({ intent }) => String(intent['path'])))].sort();
