/** Reads and checks the two names of a rename, before anything is computed. Pure. */
import { SkeinError } from '#protocol/errors.ts';
import { isIdentifierName } from '#workspace/language/syntax/words.ts';

/** The names of a rename: `container` chooses whose member `from` is. */
export interface RenameNames {
  readonly from: string;
  readonly to: string;
  readonly container: string | undefined;
  /** Both are written with `#`. */
  readonly isPrivate: boolean;
}

const RESERVED = new Set(
  (
    'break case catch class const continue debugger default delete do else enum export extends ' +
    'false finally for function if import in instanceof new null return super switch this throw ' +
    'true try typeof var void while with yield let static implements interface package private ' +
    'protected public await arguments eval undefined NaN Infinity'
  ).split(' '),
);
const RESERVED_TYPES = new Set(
  'any unknown never number bigint boolean string symbol object void undefined'.split(' '),
);

const refuse = (message: string, fix: string): never => {
  throw new SkeinError('rename-refused', `Cannot rename: ${message}`, { fix });
};

/** The names of `rename from to to`; throws `rename-refused` when they can't be identifiers. */
export function checkNames(fromText: string, toText: string): RenameNames {
  const fromParts = fromText.split(/[.#](?=[^.]*$)/).filter((part) => part !== '');
  const toParts = toText.split('.');
  const isPrivate = fromText.includes('#');
  const from = fromParts.at(-1) ?? '';
  const container = fromParts.length > 1 ? fromParts[0] : undefined;
  const to = (toParts.at(-1) ?? '').replace(/^#/, '');
  if (!isIdentifierName(from)) refuse(`"${fromText}" is not a name`, 'Name one symbol');
  if (!isIdentifierName(to))
    refuse(`"${toText}" is not a name`, 'Give a name of letters, digits, _ and $');
  if (isPrivate !== toText.includes('#')) {
    const way = isPrivate ? 'Write the new name with # too' : 'Write the new name without #';
    refuse('a private name can only become a private name, and a public one a public one', way);
  }
  if (toParts.length > 1 && toParts.slice(0, -1).join('.') !== container?.replace(/\.$/, '')) {
    refuse(`"${toText}" is in another container than "${fromText}"`, 'A rename does not move');
  }
  if (isPrivate && to === 'constructor') refuse('#constructor is reserved', 'Choose another name');
  if (from === to) refuse('both names are the same', 'Give another name');
  return { from, to, container: container?.replace(/\.$/, ''), isPrivate };
}

/** What every object has already: a member of such a name changes what programs do, not their types. */
const INHERITED = new Set(Object.getOwnPropertyNames(Object.prototype));

/** Throws when a member would take the name of something that every object inherits. */
export function checkInherited(to: string): void {
  if (!INHERITED.has(to)) return;
  refuse(`every object has "${to}" already, with a meaning of its own`, 'Choose another name');
}

/** Throws when the new name is reserved for a thing that is declared by scope, or of this kind. */
export function checkReserved(to: string, kinds: readonly string[], isByScope: boolean): void {
  const isType = kinds.some((kind) => /^(?:class|interface|type|enum|type parameter)$/.test(kind));
  if ((isByScope && RESERVED.has(to)) || (isType && RESERVED_TYPES.has(to))) {
    refuse(`"${to}" is a reserved word`, 'Choose another name');
  }
  if (kinds.includes('method') && to === 'constructor') {
    refuse('a method called "constructor" would become the constructor', 'Choose another name');
  }
}
