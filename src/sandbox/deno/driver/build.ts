/**
 * Builds what makes a start fast, once on each machine: `driver` takes out the types of the driver,
 * `library` compiles the standard library, `snapshot` saves the memory of an interpreter that has imported
 * the common modules, `exact-snapshot` one without anything of time or chance in it. No program of anybody
 * runs in here; it may write only where it was asked to.
 */
import { stripTypeScriptTypes } from 'node:module';
import { deno } from './deno-global.ts';
import { fixStart } from './fixed-world.ts';
import { startPython } from './python.ts';

// What programs import most; each would cost some of every run.
const MODULES = `
abc argparse array ast asyncio base64 bisect calendar collections collections.abc contextlib copy csv
dataclasses datetime decimal difflib enum fractions functools glob hashlib heapq html inspect io
itertools json logging math operator os os.path pathlib pickle platform pprint random re secrets shlex
shutil statistics string struct tempfile textwrap threading time tokenize traceback types typing
unittest urllib.parse uuid warnings zipfile`;

const [step, folder = '', library = '', target = ''] = deno.args;

if (step === 'driver') {
  for (const name of deno.readDirSync(folder)) {
    if (name.name.endsWith('.py')) copy(name.name);
    else if (!name.name.includes('.test.')) stripTypes(name.name);
  }
} else if (step === 'library') {
  const python = await startPython({ pyodide: folder, library, snapshot: '' });
  const source = deno.readTextFileSync(new URL('./build_library.py', import.meta.url));
  python.FS.writeFile('/source.zip', deno.readFileSync(library));
  python.runPython(`${source}\nbuild('/source.zip', '/target.zip')`);
  deno.writeFileSync(target, python.FS.readFile('/target.zip'));
} else {
  if (step === 'exact-snapshot') fixStart();
  const python = await startPython({ pyodide: folder, library, snapshot: '' }, true);
  python.runPython(`import ${MODULES.trim().split(/\s+/).join(', ')}`);
  deno.writeFileSync(target, python.makeMemorySnapshot());
}

// Its second argument is the folder to write to.
function copy(name: string): void {
  deno.writeFileSync(`${library}/${name}`, deno.readFileSync(`${folder}/${name}`));
}

function stripTypes(name: string): void {
  const code = stripTypeScriptTypes(deno.readTextFileSync(`${folder}/${name}`));
  const imports = code.replaceAll(/(from |import\()'(\.\/[a-z-]+)\.ts'/g, "$1'$2.js'");
  const file = `${library}/${name.replace(/\.ts$/, '.js')}`;
  deno.writeFileSync(file, new TextEncoder().encode(imports));
}
