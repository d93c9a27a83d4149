/** What a mission has written so far, by the record: each file with the hash of its last edit. */
import type { EffectState } from '#tasks/effect-reducer.ts';
import { editKey } from '#workspace/apply-edit.ts';
import type { Swarm } from '../swarm.ts';

/** A file as the mission left it. */
export interface WrittenFile {
  readonly path: string;
  readonly afterHash: string;
  /** The blob of its content. */
  readonly after: { readonly hash: string; readonly bytes: number };
}

/** All files that edits of the mission have changed, or those of `paths`; sorted. */
export function writtenFiles({ work }: Swarm, paths?: readonly string[]): readonly WrittenFile[] {
  const { ledger, mission } = work;
  const { read } = ledger;
  // A part of a large change asks for its own files: reading all for each would be quadratic.
  const effects =
    paths === undefined
      ? read.entities('effect', editKey(mission, ''))
      : paths.flatMap((path) => read.entities('effect', editKey(mission, path)));
  const wanted = paths === undefined ? undefined : new Set(paths);
  const last = new Map<string, { readonly at: string; readonly file: WrittenFile }>();
  for (const { body } of effects) {
    const { kind, status, intent, intentEvent: at } = body as EffectState;
    if (kind !== 'edit' || status !== 'done') continue;
    const file = intent as unknown as WrittenFile;
    const { path, afterHash, after } = file;
    // Keys that begin alike: a.ts and a.tsx.
    if (wanted?.has(path) === false) continue;
    // A file that was edited again: ids of events rise with time.
    const before = last.get(path);
    if (before === undefined || before.at < at)
      last.set(path, { at, file: { path, afterHash, after } });
  }
  return [...last.values()]
    .map(({ file }) => file)
    .sort((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path)));
}
