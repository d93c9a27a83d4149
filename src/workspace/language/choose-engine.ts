/**
 * Decides which compiler understands the configurations of a repository. TypeScript 7 is asked
 * itself: each tsconfig that a server would use is extended by an empty project in a temporary
 * folder, so that its options are judged (through `extends` too) without reading any source.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { SkeinError } from '#protocol/errors.ts';
import type { Engine } from './language.ts';
import { type ConfigQuestion, referencedConfigs } from './project-configs.ts';
import { type CompilerRun, runCompiler } from './run-compiler.ts';
import { classicServerPath, classicTools } from './servers/classic-server.ts';
import { nativeCompilerPath, nativeTools } from './servers/native-server.ts';

const CONFIG_LIMIT = 500;
/** Option removed, value removed, unknown option, unknown value. */
const NOT_UNDERSTOOD = /error TS(?:5102|5108|5023|6046|5103): (.*)/g;

/** An engine with the reason it was chosen, for the plan. */
export interface EngineChoice {
  readonly engine: Engine;
  readonly reason: string | undefined;
}

/** Chooses the engine for the projects around some files; throws `language-unsupported`. */
export async function chooseEngine(question: ConfigQuestion): Promise<EngineChoice> {
  const { root, tracked, files } = question;
  const configs = referencedConfigs(root, tracked, files).slice(0, CONFIG_LIMIT);
  if (configs.length === 0) return { engine: 'typescript-7', reason: undefined };
  const scratch = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'skein-config-'));
  try {
    const native = { argv: [nativeCompilerPath()], tools: nativeTools() };
    const rejected = await complaints({ ...question, scratch, ...native }, configs);
    if (rejected.size === 0) return { engine: 'typescript-7', reason: undefined };
    const program = path.join(path.dirname(classicServerPath()), 'tsc.js');
    const classic = { argv: [process.execPath, program], tools: classicTools() };
    const again = await complaints({ ...question, scratch, ...classic }, firstOfEach(rejected));
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

interface Judge extends Pick<CompilerRun, 'root' | 'host' | 'argv' | 'tools'> {
  readonly scratch: string;
}

async function complaints(
  { scratch, root, host, argv: compiler, tools }: Judge,
  configs: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const home = fs.mkdtempSync(path.join(scratch, 'projects-'));
  const projects = configs.map((config, at) => emptyProject(home, at, path.join(root, config)));
  const argv = [...compiler, '--listFilesOnly', '--pretty', 'false', '-p'];
  const outputs = await runCompiler({ host, root, argv, tools, home }, projects);
  const said = new Map<string, string>();
  for (const [at, config] of configs.entries()) {
    const found = [...(outputs[at] ?? '').matchAll(NOT_UNDERSTOOD)].map((match) => match[1] ?? '');
    if (found.length > 0) said.set(config, found.join(' '));
  }
  return said;
}

/** A project that has the options of a configuration and none of its files. */
function emptyProject(home: string, at: number, config: string): string {
  const folder = path.join(home, String(at));
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'empty.ts'), 'export {};\n');
  const project = { extends: config, files: ['empty.ts'], references: [] };
  fs.writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(project));
  return folder;
}
