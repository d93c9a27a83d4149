/**
 * Tools that read a repository: only what its HEAD commit holds. So no link leads elsewhere, and
 * nothing is shown that nobody has committed.
 */
import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import { SkeinError } from '#protocol/errors.ts';
import { runGit } from '#workspace/git/run-git.ts';
import { readTrackedFile } from '#workspace/git/tracked-files.ts';
import { defineTool, type Tool } from './tool.ts';

const TIMEOUT_MS = 20_000;
const MOST_MATCHES = 2_000;
const MOST_LINE = 300;

const searchCode = defineTool({
  name: 'search_code',
  summary: 'lines of the repository (HEAD) that match an extended regular expression',
  forPeople: true,
  input: z.strictObject({
    pattern: z.string().min(1).max(1_000),
    glob: z.string().min(1).max(1_000).exactOptional().describe('such as src/**/*.ts'),
    ignoreCase: z.boolean().exactOptional(),
  }),
  run: async ({ pattern, glob, ignoreCase }, host) => {
    const { stdout } = await runGit({
      cwd: host.repository(),
      args: [
        'grep',
        '-n',
        '-I',
        '-E',
        '--full-name',
        '--no-textconv',
        '--max-count=200',
        ...(ignoreCase === true ? ['-i'] : []),
        '-e',
        pattern,
        'HEAD',
        '--',
        ...(glob === undefined ? [] : [`:(top,glob)${glob}`]),
      ],
      // 1: nothing was found
      okCodes: [0, 1],
      timeoutMs: TIMEOUT_MS,
    });
    const all = stdout
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '');
    const matches = all
      .slice(0, MOST_MATCHES)
      .map((line) => line.replace(/^HEAD:/u, '').slice(0, MOST_LINE));
    return { matches, more: all.length - matches.length };
  },
});

const readFile = defineTool({
  name: 'read_file',
  summary: 'a file of the repository (HEAD), or some of its lines',
  forPeople: true,
  input: z.strictObject({
    path: z.string().min(1).max(4_096),
    from: z.int().min(1).exactOptional().describe('the first line, from 1'),
    lines: z.int().min(1).max(100_000).exactOptional(),
  }),
  run: async ({ path, from = 1, lines }, host) => {
    const content = await readTrackedFile(host.repository(), 'HEAD', path);
    if (content === null) {
      throw new SkeinError('not-found', `Cannot read ${path}: HEAD has no such file`, {
        fix: 'Paths begin at the top of the repository; find them with search_code.',
      });
    }
    if (!isUtf8(content)) throw new SkeinError('usage', `Cannot read ${path}: it is no text`);
    const all = content.toString('utf8').split('\n');
    const end = lines === undefined ? all.length : from - 1 + lines;
    return all.slice(from - 1, end).join('\n');
  },
});

/** The tools that read a repository. */
export const repositoryTools: readonly Tool[] = [searchCode, readFile];
