/** Runs a compiler for its answer on stdout: behind walls, with limited time and output. */
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { inParallel } from '#lib/in-parallel.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { Program, ProgramHost } from '#workspace/programs/program-host.ts';

const WIDTH = 4;
const TIMEOUT_MS = 30_000;
const OUTPUT_LIMIT_BYTES = 64 * 1024 * 1024;
/** Above it are those of a shell that found no program, or of a program that a signal ended. */
const HIGHEST_EXIT_CODE = 125;

/** A compiler to run, once for each project. */
export interface CompilerRun {
  readonly host: ProgramHost;
  /** The folder whose files it reads, a real path. */
  readonly root: string;
  /** The compiler with its options, to which a project is added. */
  readonly argv: readonly string[];
  /** Folders and files that the compiler itself is made of. */
  readonly tools: readonly string[];
  /** Its home and working folder. */
  readonly home: string;
}

/**
 * What it printed about each project; exit codes do not matter. Throws `language-server-failed` when
 * it can't run, and what the host says when its walls can't be put up.
 */
export async function runCompiler(
  run: CompilerRun,
  projects: readonly string[],
): Promise<readonly string[]> {
  // Walls take longer to put up than a compiler takes for one project: several share them.
  const size = Math.max(1, Math.ceil(projects.length / WIDTH));
  const parts = projects.flatMap((_, at) =>
    at % size === 0 ? [{ at, some: projects.slice(at, at + size) }] : [],
  );
  const answers = new Map<number, readonly string[]>();
  await inParallel(parts, WIDTH, async ({ at, some }) => {
    answers.set(at, await runPart(run, some));
  });
  return parts.flatMap(({ at }) => answers.get(at) ?? []);
}

async function runPart(run: CompilerRun, projects: readonly string[]): Promise<readonly string[]> {
  const { host, root, argv, tools, home } = run;
  const mark = randomUUID();
  const compiler = argv.map(quote).join(' ');
  const script = `for each; do ${compiler} "$each"; echo "${mark} $?"; done`;
  const program = await host.start({
    argv: ['/bin/sh', '-c', script, 'sh', ...projects],
    cwd: home,
    root,
    access: 'read',
    scratch: [home],
    tools,
    environment: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LANG: 'C', HOME: home },
    input: 'ignore',
    output: 'pipe',
  });
  try {
    return answersIn(await outputOf(program), mark, projects);
  } catch (thrown) {
    if (thrown instanceof SkeinError) throw thrown;
    throw unread(thrown instanceof Error ? thrown.message : String(thrown));
  } finally {
    await program.end();
  }
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

function answersIn(output: string, mark: string, projects: readonly string[]): readonly string[] {
  const ends = [...output.matchAll(new RegExp(`${mark} (\\d+)\n`, 'gu'))];
  let from = 0;
  return projects.map((project, at) => {
    const end = ends[at];
    if (end === undefined) throw unread(`the compiler did not get to ${project}`);
    // One that only complains ends with a small number; anything else never ran to its end.
    if (Number(end[1]) > HIGHEST_EXIT_CODE) throw unread(`the compiler ended with ${end[1]}`);
    const answer = output.slice(from, end.index);
    from = end.index + end[0].length;
    return answer;
  });
}

async function outputOf(program: Program): Promise<string> {
  const { stdout, stderr, ended } = program;
  let stopped: string | undefined;
  const stop = (why: string): void => {
    stopped ??= why;
    stdout?.destroy();
    void program.end();
  };
  const timer = setTimeout(() => stop(`no answer within ${TIMEOUT_MS} ms`), TIMEOUT_MS);
  stderr?.resume();
  // Each project has its own time: its answer ends with a line.
  stdout?.on('data', () => timer.refresh());
  const printed = collect(stdout, () => stop('it printed too much'));
  try {
    await ended;
    const output = await printed;
    if (stopped !== undefined) throw unread(stopped);
    return output;
  } finally {
    clearTimeout(timer);
  }
}

/** All that a stream gives until it is closed. */
function collect(stream: Readable | null, tooMuch: () => void): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return new Promise((resolve) => {
    if (stream === null) return resolve('');
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > OUTPUT_LIMIT_BYTES) tooMuch();
      else chunks.push(chunk);
    });
    stream.once('close', () => resolve(Buffer.concat(chunks).toString('utf8')));
  });
}

const unread = (state: string): SkeinError =>
  new SkeinError('language-server-failed', `Cannot read the configuration: ${state}`, {
    fix: 'Run it again',
  });
