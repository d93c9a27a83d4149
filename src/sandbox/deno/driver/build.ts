/**
 * Builds what makes Python start fast, once on each machine: `library` compiles the standard library,
 * `snapshot` saves the memory of an interpreter that has imported the common modules. No program of
 * anybody runs in here; it may write the one file that it was asked for.
 */
import { deno } from './deno-global.ts';
import { startPython } from './python.ts';

// What programs import most; each would cost some of every run.
const MODULES = `
abc argparse array ast asyncio base64 bisect calendar collections collections.abc contextlib copy csv
dataclasses datetime decimal difflib enum fractions functools glob hashlib heapq html inspect io
itertools json logging math operator os os.path pathlib pickle platform pprint random re secrets shlex
shutil statistics string struct tempfile textwrap threading time tokenize traceback types typing
unittest urllib.parse uuid warnings zipfile`;

const [step, pyodide = '', library = '', target = ''] = deno.args;

if (step === 'library') {
  const python = await startPython({ pyodide, library, snapshot: '' });
  const source = deno.readTextFileSync(new URL('./build_library.py', import.meta.url));
  python.FS.writeFile('/source.zip', deno.readFileSync(library));
  python.runPython(`${source}\nbuild('/source.zip', '/target.zip')`);
  deno.writeFileSync(target, python.FS.readFile('/target.zip'));
} else {
  const python = await startPython({ pyodide, library, snapshot: '' }, true);
  python.runPython(`import ${MODULES.trim().split(/\s+/).join(', ')}`);
  deno.writeFileSync(target, python.makeMemorySnapshot());
}
