/**
 * States of long missions on the way, so that going back in them need not begin at the start. They
 * are an optimisation and no part of the record: kept in memory for as long as their reader lives, so
 * that nobody can change what they say. None outlives the reducers that folded it, or a body that is
 * pruned: to prune, a record is closed and opened again.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { LedgerReader } from '#ledger/ledger.ts';
import type { ReducerSet } from '#ledger/state/reducer.ts';
import type { Entity } from '#protocol/entity.ts';

/** One is kept after so many events of a mission. */
export const CHECKPOINT_EVENTS = 10_000;

/** Missions up to this length need none. */
export const SHORT_MISSION_EVENTS = 20_000;

/** How much all of one reader may hold, compressed. */
const MAX_BYTES = 32 * 1024 * 1024;

/** Somebody waits for the first fold of a mission: speed counts more than a few bytes. */
const QUICK = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** What happened between the checkpoint before (or the start) and this one. */
export interface Stretch {
  /** Local position of its last event. */
  readonly position: number;
  /** How many events of the mission had happened by then. */
  readonly events: number;
  /** The entities it changed, as they stood at its end, in the order in which they last changed. */
  readonly changed: readonly Entity[];
  /** Local positions of its events whose body was pruned. */
  readonly pruned: readonly number[];
}

interface KeptStretch extends Omit<Stretch, 'changed'> {
  readonly changed: Buffer;
}

/** The checkpoints of one reader; the mission that was folded longest ago goes first. */
export class Checkpoints {
  readonly reducers: ReducerSet;
  readonly #maxBytes: number;
  readonly #missions = new Map<string, readonly KeptStretch[]>();
  #bytes = 0;

  constructor(reducers: ReducerSet, maxBytes: number = MAX_BYTES) {
    this.reducers = reducers;
    this.#maxBytes = maxBytes;
  }

  /** All stretches that had ended by `upTo`, in order: together they are the state then. */
  stretches(mission: string, upTo: number): readonly Stretch[] {
    const kept = this.#missions.get(mission) ?? [];
    return kept
      .filter(({ position }) => position <= upTo)
      .map((stretch) => {
        const json = zstdDecompressSync(stretch.changed).toString('utf8');
        return { ...stretch, changed: JSON.parse(json) as Entity[] };
      });
  }

  /** Keeps the next stretch of a mission; one that is known, or does not follow, is left out. */
  add(mission: string, { changed, ...stretch }: Stretch): void {
    const before = this.#missions.get(mission) ?? [];
    // Without gaps: all stretches together are the state.
    if ((before.at(-1)?.events ?? 0) + CHECKPOINT_EVENTS !== stretch.events) return;
    const bytes = zstdCompressSync(JSON.stringify(changed), QUICK);
    this.#missions.delete(mission);
    this.#missions.set(mission, [...before, { ...stretch, changed: bytes }]);
    this.#bytes += bytes.length;
    for (const oldest of this.#missions.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#drop(oldest);
    }
  }

  #drop(mission: string): void {
    for (const { changed } of this.#missions.get(mission) ?? []) this.#bytes -= changed.length;
    this.#missions.delete(mission);
  }
}

const ofReaders = new WeakMap<LedgerReader, Checkpoints>();

/** The checkpoints of a reader, of states that `reducers` folded. */
export function checkpointsOf(read: LedgerReader, reducers: ReducerSet): Checkpoints {
  const known = ofReaders.get(read);
  if (known?.reducers === reducers) return known;
  const made = new Checkpoints(reducers);
  ofReaders.set(read, made);
  return made;
}
