/**
 * A session: one runtime whose globals and files live on between the runs of one owner, one run at a
 * time. Of JavaScript `globalThis` lives on; what a module declares is its own. It ends when it is
 * closed, when a run meets a limit or is killed, and when the program ends its process.
 */
import { SkeinError } from '#protocol/errors.ts';
import type { FileState, FolderState } from '#sandbox/files/folder-state.ts';
import { limitsOf } from '#sandbox/limits.ts';
import type { Limits } from '#sandbox/limits.ts';
import type {
  Enclosure,
  Language,
  SandboxResult,
  SandboxRun,
  SandboxSession,
} from '#sandbox/sandbox.ts';
import { startRun } from './run/deno-run.ts';
import type { DenoChild } from './runtime/deno-child.ts';

/** What a session is opened with: a runtime of its own, started under `limits`. */
export interface SessionOptions {
  readonly child: DenoChild;
  readonly language: Language;
  readonly limits: Limits;
  readonly enclosure: Enclosure;
}

/** Opens it. A run may ask for less than the session was given, never for more. */
export function openSession({
  child,
  language,
  limits,
  enclosure,
}: SessionOptions): SandboxSession {
  const known = new Map<string, FileState>();
  const folder: FolderState = { files: known, others: new Map() };
  const runs = new Set<SandboxRun>();
  let last: Promise<unknown> = Promise.resolve();
  const run: SandboxSession['run'] = (request) => {
    const before = last;
    const done = Promise.withResolvers<void>();
    last = done.promise;
    const started = startRun(request, {
      enclosure,
      session: folder,
      limits: () => within(limits, limitsOf(limits, request.limits)),
      obtain: async ({ program }) => {
        await before;
        assertAlive(child);
        if (isOtherRuntime(program.language, language)) {
          throw new SkeinError(
            'usage',
            `Cannot run ${program.language}: the session is ${language}`,
          );
        }
        return child;
      },
    });
    runs.add(started);
    const settled = started.result.then(
      (result) => note(known, result),
      () => undefined,
    );
    void settled.then(() => {
      runs.delete(started);
      done.resolve();
    });
    return started;
  };
  const close = async (): Promise<void> => {
    await Promise.all([...runs].map((started) => started.kill()));
    await child.kill();
  };
  return { run, close };
}

function assertAlive(child: DenoChild): void {
  if (!child.isDead) return;
  throw new SkeinError('sandbox-failed', 'Cannot run: the session has ended', {
    fix: 'Open a new session; what the old one held is gone.',
  });
}

// JavaScript and TypeScript are one runtime.
const isOtherRuntime = (one: Language, other: Language): boolean =>
  (one === 'python') !== (other === 'python');

function within(most: Limits, asked: Limits): Limits {
  for (const name of Object.keys(most) as (keyof Limits)[]) {
    if (asked[name] <= most[name]) continue;
    throw new SkeinError('usage', `Cannot give a run more ${name} than its session has`);
  }
  return asked;
}

function note(known: Map<string, FileState>, { changed }: SandboxResult): void {
  for (const { path, after, content } of changed) {
    if (after === null || content === null) known.delete(path);
    else known.set(path, { sha256: after, size: content.length });
  }
}
