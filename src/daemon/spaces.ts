/** The spaces of a home: opened on demand, found by the repository they are the record of. */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { askThread } from '#ledger/ask-thread.ts';
import type { ChainHead, Ledger, VerifyReport } from '#ledger/ledger.ts';
import { makeFolder, writeDurably } from '#ledger/store/durable-file.ts';
import {
  openWorkerLedger,
  verifyInThread,
  type WorkerLedgerOptions,
} from '#ledger/worker-ledger.ts';
import { openSpaceView, type SpaceView } from '#ledger/space-view.ts';
import type { Redactor } from '#lib/redact.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import { assertKnownFormat } from '#protocol/known-format.ts';
import { readSkeinHeads } from '#workspace/git/skein-heads.ts';
import { FirstProof } from './first-proof.ts';
import type { SpaceWatch } from './metrics/space-metrics.ts';
import { reducers } from './state-tables.ts';
import { makeOneAtTime, oneAtTime } from '#workspace/one-at-time.ts';
import type { HomePaths } from './home/home-paths.ts';
import type { PrunerReports, PrunerRequest } from './home/pruner-protocol.ts';
import {
  assertWhole,
  forgetDamage,
  forgetUnsynced,
  markDamaged,
  recordBytes,
} from './home/space-files.ts';
import { readAbout, writeAbout, type SpaceAbout } from './home/space-about.ts';

/** What the threads of a space are told. `outside` are heads found outside the home. */
export interface SpaceThreadData {
  readonly folder: string;
  readonly space: string;
  readonly nodeKey: string;
  readonly epoch: number;
  /** The key of another node that made the space. */
  readonly founder?: string;
  readonly outside?: readonly ChainHead[];
}

/** Which repository a space is the record of; local to this home, never on the record. */
export interface Project {
  readonly format: number;
  readonly repository: string;
  /** Its git folder that all worktrees share. */
  readonly commonDir: string;
  readonly searchPath: string;
}

type RepositoryPlace = Readonly<Record<'top' | 'commonDir', string>>;

/** The form of a space's id. */
export const SPACE_ID = /^[0-9a-f]{32}$/;
const FILE_FORMAT = 1;

/** What spaces are opened with; `node` is the name of this node in a repository's marker. */
export interface SpacesOptions {
  readonly paths: HomePaths;
  readonly epoch: number;
  readonly node: string;
  readonly redact: Redactor;
  /** Told of what went wrong where nobody waits for it. */
  readonly report: (error: unknown) => void;
  /** Measures the spaces that are open. */
  readonly watch?: SpaceWatch;
}

/** Opens, finds and closes the spaces of one home. */
export class Spaces {
  readonly #paths: HomePaths;
  readonly #epoch: number;
  readonly #node: string;
  readonly #redact: Redactor;
  readonly #proof: FirstProof;
  readonly #watch: SpaceWatch | undefined;
  readonly #open = new Map<string, Promise<Ledger>>();
  readonly #undisturbed = makeOneAtTime();
  readonly #alone = new Set<string>();

  constructor({ paths, epoch, node, redact, report, watch }: SpacesOptions) {
    this.#paths = paths;
    this.#epoch = epoch;
    this.#node = node;
    this.#redact = redact;
    this.#watch = watch;
    this.#proof = new FirstProof({
      bytes: (space) => recordBytes(this.folder(space)),
      prove: async (space) => void (await this.#verify(space)),
      report,
    });
  }

  /** The ids of all spaces in this home. */
  list(): string[] {
    return readdirSync(this.#paths.spaces)
      .filter((name) => SPACE_ID.test(name))
      .sort();
  }

  /** The ledger of a space that exists. */
  async open(space: string): Promise<Ledger> {
    if (!SPACE_ID.test(space) || !existsSync(this.folder(space))) {
      throw new SkeinError('not-found', `Cannot open space ${space}: it is not in this home`);
    }
    const ledger = await this.#start(space);
    await this.#proof.before(space);
    return ledger;
  }

  /**
   * The ledger of a repository; a new space when it has none here. The repository remembers its
   * space in its git folder, so that it may be moved: a project is never derived from a path. A copy
   * of a repository gets a space of its own while the one it was copied from is still there.
   */
  forRepository(repository: RepositoryPlace, searchPath: string): Promise<Ledger> {
    // Two goals at once for a new repository must not make two spaces.
    const key = `space of ${repository.commonDir}`;
    return oneAtTime(key, () => this.#findOrMake(repository, searchPath));
  }

  async #findOrMake(repository: RepositoryPlace, searchPath: string): Promise<Ledger> {
    const file = markerOf(repository.commonDir);
    const known = readMarker(file);
    const remembered = known[this.#node];
    const found =
      remembered !== undefined &&
      existsSync(this.folder(remembered)) &&
      !this.#isCopied(remembered, repository);
    const space = found ? remembered : randomBytes(16).toString('hex');
    makeFolder(this.folder(space));
    writeJson(join(this.folder(space), 'project.json'), {
      format: FILE_FORMAT,
      repository: repository.top,
      commonDir: repository.commonDir,
      searchPath,
    } satisfies Project);
    if (!found) this.#proof.trust(space);
    const ledger = await this.open(space);
    if (!found) {
      makeFolder(dirname(file), 0o777);
      writeJson(file, { format: FILE_FORMAT, spaces: { ...known, [this.#node]: space } });
    }
    return ledger;
  }

  /** The ledger of a new space that is the record of no repository. */
  async makeBare(name: string): Promise<Ledger> {
    const space = randomBytes(16).toString('hex');
    this.#makeAbout(space, { name });
    return this.open(space);
  }

  /** The ledger of a space that another node made: empty until that node's history has come. */
  async join(space: string, founder: string, name?: string): Promise<Ledger> {
    if (!SPACE_ID.test(space)) {
      throw new SkeinError('usage', `Cannot join space ${space.slice(0, 80)}: it is no space's id`);
    }
    if (existsSync(this.folder(space))) {
      throw new SkeinError('conflict', `Cannot join space ${space}: it is in this home already`);
    }
    this.#makeAbout(space, { founder, ...(name === undefined ? {} : { name }) });
    return this.open(space);
  }

  #makeAbout(space: string, about: SpaceAbout): void {
    makeFolder(this.folder(space));
    writeAbout(this.folder(space), about);
    this.#proof.trust(space);
  }

  /** What this home knows of a space beside its record: its name here, and who made it. */
  about(space: string): SpaceAbout {
    return readAbout(this.folder(space));
  }

  /** Heads that git commits of the repository carry: anchors that whoever edits the record lacks. */
  async headsOutside(space: string): Promise<readonly ChainHead[]> {
    const project = this.project(space);
    return project === undefined ? [] : readSkeinHeads(project.repository, space);
  }

  /**
   * Looks into a space; a writer is only started when the state must be folded anew. Nobody has to
   * wait with that for work that has the files alone: what is committed can be read.
   */
  async look<T>(space: string, use: (view: Pick<SpaceView, 'read' | 'stats'>) => T): Promise<T> {
    const isAlone = this.#alone.has(space);
    if (this.#open.has(space) && !isAlone) return use(await this.open(space));
    const view = openSpaceView(this.folder(space));
    try {
      if (view.foldedBy === String(reducers.version)) {
        if (!isAlone) await this.#proof.before(space);
        return use(view);
      }
    } finally {
      view.close();
    }
    return use(await this.open(space));
  }

  /** The repository of a space, as this home last saw it. */
  project(space: string): Project | undefined {
    const file = join(this.folder(space), 'project.json');
    let project: Project;
    try {
      project = JSON.parse(readFileSync(file, 'utf8')) as Project;
    } catch {
      return undefined;
    }
    assertKnownFormat(project.format, FILE_FORMAT, file);
    return project;
  }

  /**
   * Verifies a space from its files, also one that is too damaged to be opened. A finding makes it
   * read-only until it is repaired or found whole again.
   */
  async judge(space: string): Promise<VerifyReport> {
    // Opened first, because after an upgrade that folds its state anew.
    await this.#start(space).catch((thrown: unknown) => {
      // A record of a later Skein is not damaged: it must not be marked so.
      if (toSkeinError(thrown).name === 'record-too-new') throw thrown;
    });
    const report = await this.#verify(space);
    this.#proof.trust(space);
    return report;
  }

  async #verify(space: string): Promise<VerifyReport> {
    const outside = await this.headsOutside(space);
    const verify = (): Promise<VerifyReport> => verifyInThread(this.#threads(space), outside);
    const report = await this.undisturbed(space, verify);
    const folder = this.folder(space);
    if (report.damage.length > 0) markDamaged(folder, report.damage);
    else {
      forgetDamage(folder);
      forgetUnsynced(folder, this.#epoch);
    }
    return report;
  }

  /** Throws `record-damaged` for a space that is known to be damaged. */
  assertWhole(space: string): void {
    assertWhole(this.folder(space));
  }

  /**
   * Runs `work` while nothing of the space is pruned or replaced: whoever reads ledger and blobs one
   * after the other would find them of different moments. It must not open the space.
   */
  undisturbed<T>(space: string, work: () => Promise<T>): Promise<T> {
    return this.#undisturbed(space, work);
  }

  /** Closes a space, lets `work` have its files alone, and opens it again; who asks meanwhile waits. */
  alone<T>(space: string, work: () => T | Promise<T>): Promise<T> {
    return this.undisturbed(space, async () => {
      const running = this.#open.get(space);
      this.#alone.add(space);
      const done = (async () => {
        const ledger = await running?.catch(() => undefined);
        await ledger?.close();
        return work();
      })().finally(() => this.#alone.delete(space));
      this.#open.delete(space);
      // When the work fails nobody knows what lies there: who waits is told, the next one looks anew.
      this.#start(space, done).catch(() => undefined);
      return done;
    });
  }

  /** Closes a space, lets `work` replace its files, and opens it again. */
  async rebuild<T>(space: string, work: (folder: string, epoch: number) => T): Promise<T> {
    const done = await this.alone(space, () => {
      makeFolder(this.folder(space));
      const rebuilt = work(this.folder(space), this.#epoch);
      forgetDamage(this.folder(space));
      this.#proof.trust(space);
      return rebuilt;
    });
    await this.open(space);
    return done;
  }

  /** Asks the thread that looks after the size of a record. To prune, it must have it `alone`. */
  askPruner<R extends PrunerRequest>(space: string, request: R): Promise<PrunerReports[R['type']]> {
    const { workerData } = this.#threads(space);
    return askThread(new URL('./home/pruner.ts', import.meta.url), { ...workerData, request });
  }

  /** Whether the space's repository is another one, still in its place. */
  #isCopied(space: string, { commonDir }: RepositoryPlace): boolean {
    const before = this.project(space)?.commonDir;
    if (before === undefined || before === commonDir) return false;
    return readMarker(markerOf(before))[this.#node] === space;
  }

  async close(): Promise<void> {
    const ledgers = await Promise.allSettled(this.#open.values());
    await Promise.all(
      ledgers.map((each) => (each.status === 'fulfilled' ? each.value.close() : null)),
    );
  }

  /** The folder of a space. */
  folder(space: string): string {
    return join(this.#paths.spaces, space);
  }

  #start(space: string, after: Promise<unknown> = Promise.resolve()): Promise<Ledger> {
    const running = this.#open.get(space);
    if (running !== undefined) return running;
    const ended = (): void => {
      // A writer that died must not be waited for: the next call opens the ledger anew.
      if (this.#open.get(space) === opening) this.#open.delete(space);
      this.#watch?.closed(space);
    };
    const open = async (): Promise<Ledger> => {
      const ledger = await openWorkerLedger({ ...this.#threads(space), ended });
      return this.#watch?.opened(ledger, this.folder(space)) ?? ledger;
    };
    const opening = after.then(open).then((ledger) => ({
      ...ledger,
      execute: async (...call: Parameters<Ledger['execute']>) => {
        assertWhole(this.folder(space));
        return ledger.execute(...call);
      },
      exchange: {
        ...ledger.exchange,
        take: async (...page: Parameters<Ledger['exchange']['take']>) => {
          assertWhole(this.folder(space));
          return ledger.exchange.take(...page);
        },
      },
    }));
    this.#open.set(space, opening);
    opening.catch(() => this.#open.delete(space));
    return opening;
  }

  #threads(space: string): WorkerLedgerOptions {
    const { founder } = this.about(space);
    const data: SpaceThreadData = {
      folder: this.folder(space),
      space,
      nodeKey: this.#paths.nodeKey,
      epoch: this.#epoch,
      ...(founder === undefined ? {} : { founder }),
    };
    return {
      space,
      folder: data.folder,
      writerEntry: new URL('./writer.ts', import.meta.url),
      verifierEntry: new URL('./verifier.ts', import.meta.url),
      workerData: { ...data },
      redact: this.#redact,
    };
  }
}

const markerOf = (commonDir: string): string => join(commonDir, 'skein', 'spaces.json');

function readMarker(file: string): Record<string, string> {
  if (!existsSync(file)) return {};
  const marker = JSON.parse(readFileSync(file, 'utf8')) as {
    format: number;
    spaces: Record<string, string>;
  };
  assertKnownFormat(marker.format, FILE_FORMAT, file);
  return marker.spaces;
}

const writeJson = (path: string, value: unknown): void =>
  writeDurably(path, `${JSON.stringify(value, null, 2)}\n`);
