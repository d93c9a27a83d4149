/** Takes the files that old peers put into inbox/: read, made durable in Skein, then archived. */
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { syncFolder } from '#ledger/store/durable-file.ts';
import { toSkeinError } from '#protocol/errors.ts';
import { isUuidv7 } from '#lib/uuidv7.ts';
import { sha256 } from '#lib/sha256.ts';
import { keepOldId } from './old-ids.ts';
import { readMessageFile } from '../outbox/message-file.ts';
import { isMessageFile, MAX_FILE_BYTES, OUTBOX_SOURCE } from '../outbox/read-outbox.ts';
import type { ImportedMessage } from '../old-bus.ts';
import { makeProblems } from '../problem-list.ts';
import { toMessages, type PlacedRecord, type Understanding } from '../to-messages.ts';
import type { BridgeParts } from './bridge.ts';

/**
 * Where files go that are being archived; hidden, so that nobody writes there. What a crash left here
 * is gone through again like the inbox itself.
 */
export const CLAIMED = '.skein';

/** What was told of a file, so that it is told once; forgotten when the file goes. */
type Told = Map<string, string>;

/** Takes files, and remembers which it could not take. */
export class FileTaker {
  readonly #parts: BridgeParts;
  readonly #inbox: string;
  readonly #claimed: string;
  #told: Told = new Map();

  constructor(parts: BridgeParts) {
    this.#parts = parts;
    this.#inbox = join(parts.folder, 'inbox');
    this.#claimed = join(this.#inbox, CLAIMED);
  }

  /** Takes every file that is there now; answers how many. Throws what the door says is retryable. */
  async takeAll(): Promise<number> {
    for (const name of listed(this.#claimed)) await this.#finish(name, '');
    const names = listed(this.#inbox);
    this.#told = new Map([...this.#told].filter(([name]) => names.includes(name)));
    let taken = 0;
    for (const name of names) {
      const hash = await this.#take(this.#inbox, name);
      if (hash === undefined) continue;
      await this.#parts.pause('taken');
      if (!moved(join(this.#inbox, name), join(this.#claimed, name))) continue;
      syncFolder(this.#claimed);
      syncFolder(this.#inbox);
      await this.#parts.pause('claimed');
      if (await this.#finish(name, hash)) taken += 1;
    }
    return taken;
  }

  /** Makes the messages of a file durable; answers the hash of what was taken, if it was. */
  async #take(folder: string, name: string): Promise<string | undefined> {
    const bytes = this.#read(join(folder, name), name);
    const messages = bytes === undefined ? undefined : this.#messagesOf(name, bytes);
    if (bytes === undefined || messages === undefined) return undefined;
    await this.#parts.pause('read');
    for (const { id, sourceId } of messages) keepOldId(this.#parts.folder, id, sourceId);
    try {
      if (messages.length > 0) await this.#parts.door.take(messages);
    } catch (thrown) {
      const error = toSkeinError(thrown);
      if (error.retryable) throw error;
      this.#tell(name, bytes, error.message);
      return undefined;
    }
    return sha256(bytes);
  }

  /**
   * Archives a claimed file. Somebody may have put another one in its place just before it was claimed
   * (`taken` is the hash of what is in Skein): that is taken too, or goes back.
   */
  async #finish(name: string, taken: string): Promise<boolean> {
    const path = join(this.#claimed, name);
    const bytes = this.#read(path, name);
    if (bytes === undefined) return false;
    if (sha256(bytes) !== taken && (await this.#take(this.#claimed, name)) === undefined) {
      this.#giveBack(path, name);
      return false;
    }
    this.#archive(path, name, bytes);
    this.#told.delete(name);
    await this.#parts.pause('archived');
    return true;
  }

  #read(path: string, name: string): Uint8Array | undefined {
    try {
      const found = statSync(path);
      if (!found.isFile()) return undefined;
      if (found.size <= MAX_FILE_BYTES) return readFileSync(path);
      this.#tellOnce(name, `${found.size}`, 'is larger than 64 MB');
    } catch (thrown) {
      const { code = 'unknown' } = thrown as NodeJS.ErrnoException;
      // Its program has taken it back.
      if (code !== 'ENOENT') this.#tellOnce(name, code, `can't be read (${code})`);
    }
    return undefined;
  }

  /** Undefined when the file can't be taken (yet). Our own, come back in a circle, has nothing new. */
  #messagesOf(name: string, bytes: Uint8Array): readonly ImportedMessage[] | undefined {
    const { choices, origin } = this.#parts;
    const contents = readMessageFile(name, bytes, choices);
    if (contents.type === 'unreadable') {
      this.#tell(name, bytes, contents.why);
      return undefined;
    }
    const understanding = this.#understanding();
    return contents.records
      .filter(({ record }) => record['skein'] !== origin)
      .flatMap((placed: PlacedRecord) => toMessages(placed, understanding));
  }

  /** A peer answers by the id that it was given, which is that of Skein. */
  #understanding(): Understanding {
    return {
      source: OUTBOX_SOURCE,
      utcOffsetMinutes: this.#parts.utcOffsetMinutes,
      priority: { normal: null, lowIsUrgent: false },
      problems: makeProblems(),
      isLive: true,
      replies: (id) => (isUuidv7(id) ? id : undefined),
      occurrence: () => 0,
    };
  }

  /** To the inbox, where a newer file of that name would be in the way: then under another name. */
  #giveBack(path: string, name: string): void {
    const back = existsSync(join(this.#inbox, name)) ? `${sha256(path).slice(0, 8)}-${name}` : name;
    linkSync(path, join(this.#inbox, back));
    unlinkSync(path);
  }

  /** Another one of the same name that is in archive/ already stays: the new one gets a folder. */
  #archive(path: string, name: string, bytes: Uint8Array): void {
    const top = join(this.#parts.folder, 'archive');
    let archive = top;
    for (let other = 2; !isPlaceFor(join(archive, name), bytes); other += 1) {
      archive = join(top, String(other));
      mkdirSync(archive, { recursive: true });
    }
    moved(path, join(archive, name));
    for (const folder of new Set([archive, top, this.#claimed])) syncFolder(folder);
  }

  #tell(name: string, bytes: Uint8Array, what: string): void {
    this.#tellOnce(name, sha256(bytes), what);
  }

  #tellOnce(name: string, state: string, what: string): void {
    if (this.#told.get(name) === `${state} ${what}`) return;
    this.#told.set(name, `${state} ${what}`);
    this.#parts.report(`inbox/${name} ${what}`);
  }
}

/** The files in a folder that may hold messages. */
const listed = (folder: string): readonly string[] =>
  readdirSync(folder).filter(isMessageFile).toSorted();

/** False when it is gone: another bridge was quicker, or its program has taken it back. */
function moved(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw thrown;
  }
}

/** Free, or the very same file. */
const isPlaceFor = (place: string, bytes: Uint8Array): boolean =>
  !existsSync(place) || readFileSync(place).equals(bytes);
