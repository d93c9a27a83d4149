/**
 * Small repositories for tests of the rename: made in a temporary folder from a table of contents,
 * renamed in, written, type-checked by the compilers that Skein ships, and run.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type {
  Engine,
  FileEdit,
  RenameOutcome,
  RenameRequest,
} from '#workspace/language/language.ts';
import { planRename } from '#workspace/language/plan-rename.ts';
import { classicServerPath } from '#workspace/language/servers/classic-server.ts';
import { nativeCompilerPath } from '#workspace/language/servers/native-server.ts';

const TIMEOUT_MS = 120_000;

/** A repository on disk. Dispose it. */
export interface TestRepository {
  readonly root: string;
  readonly files: readonly string[];
  read(file: string): string;
  dispose(): void;
}

/** Makes a repository; `links` are symbolic links, which are not tracked. */
export function makeRepository(
  contents: Readonly<Record<string, string | Buffer>>,
  links: Readonly<Record<string, string>> = {},
): TestRepository {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'skein-rename-'));
  for (const [file, content] of Object.entries(contents)) {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    fs.writeFileSync(path.join(root, file), content);
  }
  for (const [file, target] of Object.entries(links)) {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    fs.symlinkSync(target, path.join(root, file));
  }
  return {
    root,
    files: Object.keys(contents).filter((file) => !/(?:^|\/)(?:node_modules|dist)\//.test(file)),
    read: (file) => fs.readFileSync(path.join(root, file), 'utf8'),
    dispose: () => fs.rmSync(root, { recursive: true, force: true }),
  };
}

/** A rename in it, with the defaults of tests. */
export function planIn(
  repository: TestRepository,
  from: string,
  to: string,
  options: Partial<RenameRequest> = {},
): Promise<RenameOutcome> {
  const { root, files } = repository;
  return planRename({
    root,
    files,
    from,
    to,
    keepExports: false,
    timeoutMs: TIMEOUT_MS,
    ...options,
  });
}

/** Writes the edits. */
export function writeEdits(repository: TestRepository, edits: readonly FileEdit[]): void {
  for (const edit of edits) fs.writeFileSync(path.join(repository.root, edit.path), edit.after);
}

/** The errors of the repository's own type check; empty when it passes. */
export function typeCheck(
  repository: TestRepository,
  engine: 6 | 7,
  args: readonly string[],
): string {
  const classic = path.join(path.dirname(classicServerPath()), 'tsc.js');
  const [command, first] =
    engine === 7 ? [nativeCompilerPath(), []] : [process.execPath, [classic]];
  const done = spawnSync(command, [...first, ...args, '--pretty', 'false'], {
    cwd: repository.root,
    encoding: 'utf8',
  });
  return done.status === 0 ? '' : `${done.stdout}${done.stderr}`;
}

/** What a program of the repository prints, or how it failed. */
export function runProgram(repository: TestRepository, args: readonly string[]): string {
  // A test of the repository must not report to the test that runs it.
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
  const options = { cwd: repository.root, encoding: 'utf8', env } as const;
  const done = spawnSync(process.execPath, [...args], options);
  return done.status === 0 ? done.stdout.trim() : `exit ${done.status}: ${done.stderr}`;
}

/** Lines with their ends, as fixtures keep contents. */
type Contents = Readonly<Record<string, readonly string[]>>;

/** A rename with everything that must be true of it: a file of `test/fixtures/renames`. */
export interface RenameCase {
  readonly title: string;
  readonly files: Contents;
  readonly links?: Readonly<Record<string, string>>;
  readonly from: string;
  readonly to: string;
  readonly options?: Partial<RenameRequest>;
  /** Files that are left open at first; the rest of the case is about the plan with aliases there. */
  readonly open?: Readonly<Record<string, OpenCase>>;
  /** The exact contents of every file that changes; no other may change. */
  readonly after?: Contents;
  readonly engine?: Engine;
  /** What is left, as `class path:line:column`. */
  readonly listed?: readonly string[];
  /** The repository's own type check, which passes before and after. */
  readonly check?: { readonly engine: 6 | 7; readonly args: readonly string[] };
  /** A program of it, which prints the same before and after. */
  readonly run?: readonly string[];
  /** The name and message of the refusal. */
  readonly error?: string;
  readonly message?: string;
  /** The choices that are given back, as `kind path:line:column`. */
  readonly choices?: readonly string[];
}

/** An open file: `line:column` of each use, what is in the way, the plain edit. */
export interface OpenCase {
  readonly places: readonly string[];
  readonly why: string;
  readonly plain: readonly string[] | null;
}

const join = (contents: Contents): Record<string, string> =>
  Object.fromEntries(Object.entries(contents).map(([file, lines]) => [file, lines.join('')]));

/** Does the rename and asserts all that the case says. */
export async function assertRename(rename: RenameCase): Promise<void> {
  const repository = makeRepository(join(rename.files), rename.links);
  try {
    const plan = planIn(repository, rename.from, rename.to, rename.options);
    if (rename.error !== undefined) {
      await assert.rejects(plan, { name: rename.error, message: rename.message ?? '' });
      return;
    }
    const outcome = await plan;
    if (outcome.type === 'planned') return await assertSettled(repository, rename, outcome);
    const choices = outcome.choices.map((at) => `${at.kind} ${at.path}:${at.line}:${at.column}`);
    assert.deepEqual(choices, rename.choices);
  } finally {
    repository.dispose();
  }
}

/** Open files are as the case says, and an alias closes them. */
async function assertSettled(
  repository: TestRepository,
  rename: RenameCase,
  first: Planned,
): Promise<void> {
  const open = first.open.map(({ path: file, places, why, plain }): [string, OpenCase] => [
    file,
    {
      places: places.map(({ line, column }) => `${line}:${column}`),
      why,
      plain: plain && linesOf(plain.after.toString('utf8')),
    },
  ]);
  assert.deepEqual(Object.fromEntries(open), rename.open ?? {});
  if (first.open.length === 0) return assertPlanned(repository, rename, first);
  const aliasIn = first.open.map((each) => each.path);
  assertMisfit(repository, rename, first);
  const { from, to, options } = rename;
  const second = await planIn(repository, from, to, { ...options, aliasIn });
  assert.equal(second.type, 'planned');
  if (second.type !== 'planned') return;
  assert.deepEqual(second.open, []);
  // The plan before and that with aliases differ in nothing but the open files.
  const others = second.edits.filter((edit) => !aliasIn.includes(edit.path));
  assert.deepEqual(first.edits, others);
  assertPlanned(repository, rename, second);
}

/** The twin of leaving a file open: with the plain rename in it the repository no longer works. */
function assertMisfit(repository: TestRepository, rename: RenameCase, plan: Planned): void {
  const before = repository.files.map((file): [string, string] => [file, repository.read(file)]);
  const word = new RegExp(`\\b${rename.from}\\b`, 'g');
  writeEdits(repository, plan.edits);
  for (const { path: file, plain } of plan.open) {
    const after = plain?.after ?? repository.read(file).replace(word, rename.to);
    fs.writeFileSync(path.join(repository.root, file), after);
  }
  const works = proves(repository, rename);
  for (const [file, text] of before) fs.writeFileSync(path.join(repository.root, file), text);
  assert.notEqual(works, proves(repository, rename));
}

/** The parts of a text with their line ends, as fixtures keep them. */
const linesOf = (text: string): readonly string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** The outcome of a rename that can be done. */
export type Planned = Extract<RenameOutcome, { readonly type: 'planned' }>;

function assertPlanned(repository: TestRepository, rename: RenameCase, plan: Planned): void {
  const before = proves(repository, rename);
  assert.doesNotMatch(before, BROKEN);
  assert.equal(plan.engine, rename.engine);
  const after = plan.edits.map((edit) => [edit.path, edit.after.toString('utf8')]);
  assert.deepEqual(Object.fromEntries(after), join(rename.after ?? {}));
  const listed = plan.listed.map((at) => `${at.class} ${at.path}:${at.line}:${at.column}`);
  assert.deepEqual(listed, rename.listed);
  writeEdits(repository, plan.edits);
  const now = proves(repository, rename);
  assert.doesNotMatch(now, BROKEN);
  assert.equal(now, before);
}

const BROKEN = /^(?:exit|errors)/;

/** What the repository says for itself: its own type check, then what its program prints. */
function proves(repository: TestRepository, { check, run }: RenameCase): string {
  const errors = check ? typeCheck(repository, check.engine, check.args) : '';
  if (errors !== '') return `errors ${errors}`;
  return run ? withoutTimes(runProgram(repository, run)) : '';
}

/** Test runners print how long each test took. */
const withoutTimes = (output: string): string => output.replaceAll(/\d+\.\d+/g, '0');
