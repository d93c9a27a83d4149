/**
 * The space of messages that belong to no repository: one a home, made at its first use. Messages of
 * a machine don't depend on the folder in which somebody types.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { Ledger } from '#ledger/ledger.ts';
import { writeDurably } from '#ledger/store/durable-file.ts';
import { SkeinError } from '#protocol/errors.ts';
import { assertKnownFormat } from '#protocol/known-format.ts';
import { oneAtTime } from '#workspace/one-at-time.ts';
import type { Spaces } from '../spaces.ts';
import type { HomePaths } from './home-paths.ts';

interface DefaultFile {
  readonly format: number;
  readonly space: string;
}

/** Where spaces are, and the file that names the default one. */
export interface SpacePlaces {
  readonly spaces: Spaces;
  readonly paths: Pick<HomePaths, 'defaultSpace'>;
}

const FORMAT = 1;
const NAME = 'messages';

/** The id of the home's default space; undefined when nobody has used it yet. */
export function knownDefault({ defaultSpace }: SpacePlaces['paths']): string | undefined {
  if (!existsSync(defaultSpace)) return undefined;
  const { format, space } = JSON.parse(readFileSync(defaultSpace, 'utf8')) as DefaultFile;
  assertKnownFormat(format, FORMAT, defaultSpace);
  return space;
}

/** From now on messages without `--space` belong there. */
export const setDefault = ({ defaultSpace }: SpacePlaces['paths'], space: string): void =>
  writeDurably(defaultSpace, `${JSON.stringify({ format: FORMAT, space })}\n`);

/** The default space, made when there is none; throws `not-found` when its folder is gone. */
export function openDefault({ spaces, paths }: SpacePlaces): Promise<Ledger> {
  return oneAtTime(`default space of ${paths.defaultSpace}`, async () => {
    const known = knownDefault(paths);
    if (known === undefined) {
      const ledger = await spaces.makeBare(NAME);
      setDefault(paths, ledger.space);
      return ledger;
    }
    if (spaces.list().includes(known)) return spaces.open(known);
    throw new SkeinError('not-found', `Cannot open space ${known}: its folder is gone`, {
      fix: `Bring it back with "skein restore", or begin anew: rm '${paths.defaultSpace}'`,
    });
  });
}

/** The id of the space that `word` means: an id, how one begins, or a name it has here. */
export function findSpace(spaces: Spaces, word: string): string {
  const all = spaces.list();
  if (all.includes(word)) return word;
  const found = all.filter((id) => id.startsWith(word) || spaces.about(id).name === word);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (only === undefined) {
    throw new SkeinError('not-found', `Cannot find space ${word}: none is so named here`, {
      fix: 'See: skein status',
    });
  }
  throw new SkeinError('ambiguous-id', `Cannot choose a space: ${found.length} are ${word}`, {
    fix: `Type more of the id: ${found.slice(0, 5).join(', ')}`,
  });
}

/** The ledger of the space that was named, else of the default one. */
export const chosenSpace = (places: SpacePlaces, word: string | undefined): Promise<Ledger> =>
  word === undefined ? openDefault(places) : places.spaces.open(findSpace(places.spaces, word));
