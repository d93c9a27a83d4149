/**
 * The keeper as text for `node --eval`. To take the types away costs more than all the rest of a start,
 * so it is done once here, and not by each keeper.
 */
import fs from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';

// One thread only: a copy of the process has no others. Experimental: node:ffi.
const OPTIONS = [
  '--disable-warning=ExperimentalWarning',
  '--single-threaded',
  '--v8-pool-size=0',
  '--input-type=module',
];

const MODULES = [
  'kernel.ts',
  'native.ts',
  'calls.ts',
  'rules.ts',
  'mounts.ts',
  'prepare.ts',
  'become-program.ts',
  'sweep.ts',
  'keeper.ts',
];
const NODE_IMPORT = /^import \{([^}]*)\} from '(node:[a-z/]+)';$/gm;
const OWN_IMPORT = /^import \{[^}]*\} from '\.\/[a-z-]+\.ts';$/gm;

let kept: readonly string[] | undefined;

/** What Node is started with to be a keeper. */
export function keeperArguments(): readonly string[] {
  kept ??= [...OPTIONS, '--eval', keeperText()];
  return kept;
}

/** All modules of the keeper as one, each after those that it imports: their names are all different. */
function keeperText(): string {
  const imported = new Map<string, Set<string>>();
  const bodies = MODULES.map((file) =>
    stripped(file)
      .replaceAll(NODE_IMPORT, (_, names: string, from: string) => {
        const known = imported.get(from) ?? new Set();
        for (const name of names.split(',')) if (name.trim() !== '') known.add(name.trim());
        imported.set(from, known);
        return '';
      })
      .replaceAll(OWN_IMPORT, '')
      .replaceAll(/^export /gm, ''),
  );
  const imports = [...imported].map(
    ([from, names]) => `import { ${[...names].join(', ')} } from '${from}';`,
  );
  return [...imports, ...bodies].join('\n');
}

const stripped = (file: string): string =>
  quietly(() =>
    stripTypeScriptTypes(fs.readFileSync(new URL(`keeper/${file}`, import.meta.url), 'utf8')),
  );

/** It works the same way as Node's own start of a TypeScript file, and warns only when called. */
function quietly<Value>(run: () => Value): Value {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return run();
  } finally {
    process.emitWarning = emitWarning;
  }
}
