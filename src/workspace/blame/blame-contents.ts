/**
 * Finds which of several contents of one file brought a line in. Git itself decides, by a history of
 * just these contents in a folder of its own: what it says of them fits what it says of real commits.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runGit } from '#workspace/git/run-git.ts';
import type { Hunk } from '#workspace/trees/changed-hunks.ts';
import { blameLine } from './blame-line.ts';
import { findHunk, lineBefore, type LineBefore } from './line-hunk.ts';

/** The content that brought a line in, counted from 0, and what it replaced there. */
export interface LineStep {
  readonly step: number;
  /** The line's number in that content. */
  readonly line: number;
  /** Undefined for the first content: nothing was before. */
  readonly hunk?: Hunk;
  /** The line before it, in the content before; null when the line was new. */
  readonly before: LineBefore | null;
}

/** A file has few contents in one mission; above this only the last ones are looked at. */
const MOST_STEPS = 200;

/**
 * The steps that made `line` of the last of `contents`, the last one first: each the step that
 * brought in the line that the one before it replaced.
 */
export async function blameContents(
  contents: readonly Buffer[],
  line: number,
): Promise<readonly LineStep[]> {
  const skipped = Math.max(0, contents.length - MOST_STEPS);
  const folder = mkdtempSync(join(tmpdir(), 'skein-blame-'));
  try {
    await makeHistory(folder, contents.slice(skipped));
    const steps = await walk(folder, { step: contents.length - 1 - skipped, line });
    return steps.map((found) => ({ ...found, step: found.step + skipped }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const FILE = 'file';

const refOf = (step: number): string => `refs/heads/s${step}`;

async function makeHistory(folder: string, contents: readonly Buffer[]): Promise<void> {
  await runGit({ cwd: folder, args: ['init', '--quiet', '--bare', '--template=', '.'] });
  const input = contents.flatMap((content, step) => [
    // Each has a branch: so a step is named without knowing its commit.
    `commit ${refOf(step)}\ncommitter s <s> 0 +0000\ndata <<E\n${step}\nE\n`,
    step === 0 ? '' : `from ${refOf(step - 1)}\n`,
    `M 100644 inline ${FILE}\ndata ${content.length}\n`,
    content,
    '\n',
  ]);
  await runGit({
    cwd: folder,
    args: ['fast-import', '--quiet'],
    environment: { GIT_DIR: '.' },
    input: Buffer.concat(input.map((part) => Buffer.from(part))),
  });
}

interface At {
  readonly step: number;
  readonly line: number;
}

async function walk(folder: string, last: At): Promise<readonly LineStep[]> {
  const found: LineStep[] = [];
  for (let at: At | undefined = last; at !== undefined;) {
    const place = { commit: refOf(at.step), path: FILE, line: at.line };
    const { summary, line } = await blameLine(folder, place, { gitDir: '.' });
    const step = Number(summary);
    const hunk = step === 0 ? undefined : await changeOf(folder, step, line);
    const before = hunk === undefined ? null : lineBefore(hunk, line);
    found.push({ step, line, before, ...(hunk === undefined ? {} : { hunk }) });
    at = before === null ? undefined : { step: step - 1, line: before.line };
  }
  return found;
}

const changeOf = (folder: string, step: number, line: number): Promise<Hunk | undefined> => {
  const [from, to] = [step - 1, step].map((each) => `${refOf(each)}:${FILE}`);
  return findHunk({ cwd: folder, gitDir: '.', from: from ?? '', to: to ?? '' }, line);
};
