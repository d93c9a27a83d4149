/** Who a git commit is by: the person's own git configuration, and nothing invented. */
import { SkeinError } from '#protocol/errors.ts';
import { runGit } from './run-git.ts';
import { splitAtZero } from './tracked-files.ts';

/** A name and an address as git writes them into a commit. */
export interface GitPerson {
  readonly name: string;
  readonly email: string;
}

/** Author and committer; they differ only if the configuration has `author.*` or `committer.*`. */
export interface GitIdentity {
  readonly author: GitPerson;
  readonly committer: GitPerson;
}

/**
 * The identity that the configuration gives for the repository at `top` (conditional includes
 * count). Throws `identity-missing`: git's guess from user and host name is not taken.
 */
export async function readGitIdentity(top: string): Promise<GitIdentity> {
  const pattern = '^(user|author|committer)\\.(name|email)$';
  const args = ['config', '-z', '--get-regexp', pattern];
  const { stdout } = await runGit({ cwd: top, args, okCodes: [0, 1] });
  const values = new Map<string, string>();
  for (const entry of splitAtZero(stdout)) {
    const text = entry.toString('utf8');
    const newline = text.indexOf('\n');
    // the last one wins, as in git
    if (newline !== -1) values.set(text.slice(0, newline).toLowerCase(), text.slice(newline + 1));
  }
  const person = (role: 'author' | 'committer'): GitPerson => ({
    name: pick(values, role, 'name'),
    email: pick(values, role, 'email'),
  });
  return { author: person('author'), committer: person('committer') };
}

function pick(values: ReadonlyMap<string, string>, role: string, key: string): string {
  const value = (values.get(`${role}.${key}`) ?? values.get(`user.${key}`) ?? '').trim();
  if (value !== '' && !value.includes('\ufffd')) return value;
  const state = value === '' ? `user.${key} is not set` : `user.${key} is not valid UTF-8`;
  throw new SkeinError('identity-missing', `Cannot make a git commit: ${state}`, {
    fix:
      'Say who you are: git config --global user.name "Your Name" && ' +
      'git config --global user.email you@example.com',
  });
}
