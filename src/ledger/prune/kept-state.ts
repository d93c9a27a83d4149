/**
 * The entities of a pruned mission as they stood: a fold can't read its events any more and takes
 * them from here. This is the one state that later reducers find as an earlier version made it.
 */
import { canonicalJson } from '#lib/canonical-json.ts';
import type { Entity } from '#protocol/entity.ts';
import { assertKnownFormat } from '#protocol/known-format.ts';
import type { ReducerSet } from '#ledger/state/reducer.ts';
import type { PrunedData, ReadBlob } from './pruned-list.ts';

interface KeptState {
  readonly format: number;
  /** The version of the reducers that folded the entities. */
  readonly reducers: number;
  readonly entities: readonly Entity[];
}

const STATE_FORMAT = 1;

/** About how long one blob of state gets, in UTF-16 units; there is a limit to blobs. */
const CHUNK_CHARACTERS = 8 * 1024 * 1024;

/** The entities as contents of blobs. */
export function packState({ version }: ReducerSet, entities: Iterable<Entity>): Buffer[] {
  const chunks: Buffer[] = [];
  let lines: string[] = [];
  let characters = 0;
  const close = (): void => {
    if (lines.length === 0) return;
    const head = `{"format":${STATE_FORMAT},"reducers":${version},"entities":[`;
    chunks.push(Buffer.from(`${head}${lines.join(',')}]}`));
    lines = [];
    characters = 0;
  };
  for (const entity of entities) {
    const line = canonicalJson(entity);
    if (characters + line.length > CHUNK_CHARACTERS) close();
    lines.push(line);
    characters += line.length;
  }
  close();
  return chunks;
}

/**
 * The entities that a `record.pruned` keeps, for reducers of today. What is not there is left out:
 * verify names the missing blob.
 */
export function readState(
  { state = [] }: PrunedData,
  reducers: ReducerSet,
  readBlob: ReadBlob,
): Entity[] {
  return state.flatMap(({ hash }) => {
    const bytes = readBlob(hash);
    if (bytes === undefined) return [];
    const kept = JSON.parse(bytes.toString('utf8')) as KeptState;
    assertKnownFormat(kept.format, STATE_FORMAT, 'the state of a pruned mission');
    const { adopt } = reducers;
    if (adopt === undefined || kept.reducers === reducers.version) return [...kept.entities];
    return kept.entities.map((entity) => adopt(entity, kept.reducers));
  });
}
