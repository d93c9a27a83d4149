/** The floor of git: what Skein uses of it exists from 2.30 on. */
import { SkeinError } from '#protocol/errors.ts';
import { gitText } from './run-git.ts';

const FLOOR = [2, 30] as const;

/** `major.minor` of what `git --version` prints, or null when it can't be read. */
export function parseGitVersion(text: string): readonly [number, number] | null {
  const match = /git version (\d+)\.(\d+)/u.exec(text);
  return match === null ? null : [Number(match[1]), Number(match[2])];
}

/** The version of the git on PATH as text; throws `git-missing` when none or older than 2.30. */
export async function assertGitVersion(cwd: string): Promise<string> {
  const text = await gitText({ cwd, args: ['--version'] });
  const version = parseGitVersion(text);
  const [major, minor] = version ?? [0, 0];
  if (major > FLOOR[0] || (major === FLOOR[0] && minor >= FLOOR[1])) return `${major}.${minor}`;
  throw new SkeinError('git-missing', `Cannot work with ${text}: git 2.30 or newer is needed`, {
    fix: 'Install a newer git (https://git-scm.com/downloads).',
  });
}
