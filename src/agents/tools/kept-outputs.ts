/** Long answers of tools, kept for a while under a handle: a program gets a little and asks for more. */
import { SkeinError } from '#protocol/errors.ts';

/** A part of an answer. `next` is where the rest begins, null at its end; places are characters. */
export interface OutputPart {
  readonly text: string;
  readonly from: number;
  readonly next: number | null;
  readonly total: number;
}

/** The most that one read gives, in characters. */
const PART = 64 * 1024;

/** What is kept of one owner, in characters and answers. */
const MOST_KEPT = 8 * 1024 * 1024;
const MOST_HANDLES = 64;

/** The kept answers of a node; each is for its owner alone. */
export class KeptOutputs {
  readonly #owners = new Map<string, Map<string, string>>();
  readonly #newId: () => string;

  constructor(newId: () => string) {
    this.#newId = newId;
  }

  /** Keeps `text`, and lets go of the owner's oldest when there is no room; answers its handle. */
  keep(owner: string, text: string): string {
    const kept = this.#owners.get(owner) ?? new Map<string, string>();
    this.#owners.set(owner, kept);
    const handle = this.#newId();
    kept.set(handle, text.slice(0, MOST_KEPT));
    let size = [...kept.values()].reduce((sum, each) => sum + each.length, 0);
    for (const [oldest, each] of kept) {
      if (size <= MOST_KEPT && kept.size <= MOST_HANDLES) break;
      kept.delete(oldest);
      size -= each.length;
    }
    return handle;
  }

  /** A part of what was kept; throws `not-found` for what is gone or somebody else's. */
  read(owner: string, handle: string, from: number): OutputPart {
    const text = this.#owners.get(owner)?.get(handle);
    if (text === undefined) {
      throw new SkeinError('not-found', `Cannot read output ${handle.slice(0, 80)}: it is gone`, {
        fix: 'Call the tool again: only the last answers are kept.',
      });
    }
    const part = text.slice(from, from + PART);
    const end = from + part.length;
    return { text: part, from, next: end < text.length ? end : null, total: text.length };
  }
}
