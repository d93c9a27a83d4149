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

/** The tree of the mission whose entities are given as they stood then. Throws `not-found`. */
export function treeAt({ read }: Pick<Ledger, 'read'>, entities: Iterable<Entity>): MissionTree {
  const placed = Array.from(entities, (entity) => {
    const { intentEvent } = entity.body as Partial<EffectState>;
    return { entity, at: intentEvent === undefined ? 0 : (read.position(intentEvent) ?? 0) };
  });
  return treeInOrder(placed.sort((a, b) => a.at - b.at).map(({ entity }) => entity));
}

/**
 * The same of entities in the order in which they last changed, as `foldMission` has them: of several
 * edits of a file the last one counts.
 */
export function treeInOrder(entities: Iterable<Entity>): MissionTree {
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
    files: filesOf(edits),
    underWay: pathsOf(edits.filter(({ status }) => status === 'intended')),
  };
}

/** Each path with what its first edit found and what its last one left. */
function filesOf(edits: readonly EffectState[]): readonly TreeFile[] {
  const files = new Map<string, TreeFile>();
  for (const { status, intent, intentEvent: edit } of edits) {
    if (status !== 'done') continue;
    const { path, baseHash: found, after } = intent as unknown as EditIntent;
    const baseHash = files.get(path)?.baseHash ?? found;
    files.set(path, { path, baseHash, ...after, edit });
  }
  return [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
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
  readonly path: string;
  readonly baseHash: string;
  readonly after: BlobReference;
}

const pathsOf = (edits: readonly EffectState[]): readonly string[] =>
  [...new Set(edits.map(({ intent }) => String(intent['path'])))].sort();
