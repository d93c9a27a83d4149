/**
 * A generated repository of several packages in nested folders, in two spellings: as it is before a
 * rewrite of its calls, and as a right rewrite leaves it. Both come from one plain function, so that
 * what Skein makes can be compared with something that knows no syntax.
 */
import { tempRepository, type TempRepository } from '#workspace/fixtures/temp-repository.ts';

const PACKAGES = ['cart', 'mail', 'store', 'web'];
const FOLDERS = ['src', 'src/model', 'src/model/rules/deep', 'test'];
const FILES_A_FOLDER = 5;

/** How a call with this message is written. */
type Call = (message: string) => string;

const BEFORE: Call = (message) => `trace(${message})`;
const AFTER: Call = (message) => `logger.debug(${message})`;

/** The goal that turns the first spelling into the second one. */
export const TRACE_GOAL = 'rewrite trace($MESSAGE) to logger.debug($MESSAGE) in packages/';

/** How many files the goal changes: one in each folder has no call. */
export const TRACE_FILES = PACKAGES.length * FOLDERS.length * (FILES_A_FOLDER - 1);

/** All files, with every call that the goal reaches spelled by `call`. */
function filesWith(call: Call): Record<string, string> {
  const files: Record<string, string> = {
    'package.json': '{ "name": "many", "type": "module", "private": true }\n',
    // Outside of the glob: stays.
    'scripts/once.mjs': `${BEFORE("'once'")};\n`,
    'globals.d.ts':
      'declare function trace(text: string): string;\ndeclare const logger: { debug(text: string): string };\n',
  };
  for (const name of PACKAGES) {
    for (const folder of FOLDERS) {
      for (let index = 0; index < FILES_A_FOLDER; index += 1) {
        const ending = index === 2 ? 'mjs' : 'ts';
        const text = TEXTS[index % TEXTS.length];
        files[`packages/${name}/${folder}/part-${index}.${ending}`] = text?.(call) ?? '';
      }
    }
  }
  return files;
}

/** What the files hold, by their number in the folder. */
const TEXTS: readonly ((call: Call) => string)[] = [
  (call) =>
    `export function first(): void {\n  ${call('`a ${1 + 1}`')}; // trace('in a comment')\n}\n`,
  // Inside of one another, over several lines, and words that only look alike.
  (call) =>
    `export const text = "trace('in a text')";\n\nexport const second = ${call(`\n  'b' + ${call("'c'")},\n`)};\n`,
  // Windows line ends, no line end at the end, letters of several bytes.
  (call) => `const täuschung = '🦆';\r\n${call('täuschung')};\r\nif (täuschung) ${call("'d'")};`,
  () => 'export const untouched = { trace: 1 };\n',
];

/** A new repository before the rewrite. */
export const tracedRepository = (more: Readonly<Record<string, string>> = {}): TempRepository =>
  tempRepository({ ...filesWith(BEFORE), ...more });

/** The git tree that a plain script makes of the same files, rewritten. */
export function rewrittenTree(more: Readonly<Record<string, string>> = {}): string {
  const { git } = tempRepository({ ...filesWith(AFTER), ...more });
  return git('rev-parse', 'HEAD^{tree}').trim();
}
