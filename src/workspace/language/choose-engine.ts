/**
 * Decides which compiler understands the configurations of a repository. TypeScript 7 is asked
 * itself: each tsconfig that a server would use is extended by an empty project in a temporary
 * folder, so that its options are judged (through `extends` too) without reading any source.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { inParallel } from '#lib/in-parallel.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { Engine } from './language.ts';
import { referencedConfigs } from './project-configs.ts';
import { runCompiler } from './run-compiler.ts';
import { classicServerPath } from './servers/classic-server.ts';
import { nativeCompilerPath } from './servers/native-server.ts';

const WIDTH = 4;
const CONFIG_LIMIT = 500;
/** Option removed, value removed, unknown option, unknown value. */
const NOT_UNDERSTOOD = /error TS(?:5102|5108|5023|6046|5103): (.*)/g;

/** An engine with the reason it was chosen, for the plan. */
export interface EngineChoice {
  readonly engine: Engine;
  readonly reason: string | undefined;
}

/** Chooses the engine for the projects around some files; throws `language-unsupported`. */
export async function chooseEngine(
  root: string,
  tracked: ReadonlySet<string>,
  files: readonly string[],
): Promise<EngineChoice> {
  const configs = referencedConfigs(root, tracked, files).slice(0, CONFIG_LIMIT);
  if (configs.length === 0) return { engine: 'typescript-7', reason: undefined };
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'skein-config-'));
  try {
    const native = nativeCompilerPath();
    const rejected = await complaints(scratch, root, configs, (args) => [native, args]);
    if (rejected.size === 0) return { engine: 'typescript-7', reason: undefined };
    const classic = path.join(path.dirname(classicServerPath()), 'tsc.js');
    const again = await complaints(scratch, root, firstOfEach(rejected), (args) => [
      process.execPath,
      [classic, ...args],
    ]);
    const [config, said] = [...rejected][0] ?? ['', ''];
    if (again.size === 0) return { engine: 'typescript-6', reason: `${config}: ${said}` };
    const [bad, why] = [...again][0] ?? ['', ''];
    throw new SkeinError(
      'language-unsupported',
      `Cannot rename: neither TypeScript 7 nor 6 understands ${bad}: ${why}`,
      { fix: `Bring ${bad} up to date, then run it again` },
    );
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

/** One config for each different complaint is enough to ask the slower compiler. */
function firstOfEach(rejected: ReadonlyMap<string, string>): readonly string[] {
  const first = new Map<string, string>();
  for (const [config, said] of rejected) if (!first.has(said)) first.set(said, config);
  return [...first.values()];
}

type Command = (args: readonly string[]) => readonly [string, readonly string[]];

async function complaints(
  scratch: string,
  root: string,
  configs: readonly string[],
  command: Command,
): Promise<ReadonlyMap<string, string>> {
  const said = new Map<string, string>();
  await inParallel(configs, WIDTH, async (config) => {
    const folder = fs.mkdtempSync(path.join(scratch, 'project-'));
    fs.writeFileSync(path.join(folder, 'empty.ts'), 'export {};\n');
    const project = { extends: path.join(root, config), files: ['empty.ts'], references: [] };
    fs.writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(project));
    const args = ['--listFilesOnly', '--pretty', 'false', '-p', folder];
    const output = await runCompiler(...command(args), folder);
    const found = [...output.matchAll(NOT_UNDERSTOOD)].map((match) => match[1] ?? '');
    if (found.length > 0) said.set(config, found.join(' '));
  });
  return new Map([...said].sort(([a], [b]) => (a < b ? -1 : 1)));
}
