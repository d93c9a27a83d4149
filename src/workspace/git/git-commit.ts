/**
 * Makes the git commit of a mission by plumbing: no hooks, no signing, no index of the user's. All
 * that decides its id is in the prepared commit, dates included, so the id is known before the
 * commit exists and a crash in between can be recognised.
 */
import { createHash } from 'node:crypto';
import { SkeinError } from '#protocol/errors.ts';
import type { EffectState } from '#workspace/workspace.ts';
import type { GitIdentity, GitPerson } from './git-identity.ts';
import type { Repository } from './open-repository.ts';
import { gitText, runGit } from './run-git.ts';
import { storeChange, type WorktreeChange } from './scratch-tree.ts';

/** A moment as git writes it: whole seconds since 1970 and the offset, such as `+0200`. */
export interface GitDate {
  readonly seconds: number;
  readonly offset: string;
}

/** Everything of a commit that is not made yet; plain data, fit for an intent. */
export interface PreparedGitCommit {
  readonly tree: string;
  readonly parent: string;
  readonly message: string;
  readonly author: GitPerson;
  readonly committer: GitPerson;
  readonly date: GitDate;
  readonly expectedId: string;
}

/** What a commit is prepared from: its files are the write set. */
export interface CommitRequest extends WorktreeChange {
  readonly message: string;
  readonly identity: GitIdentity;
  readonly date: GitDate;
}

/**
 * Writes the objects of the change (no ref, no commit) and returns the commit to make. Throws as
 * `storeChange` does, and `workspace-failed` when nothing would change.
 */
export async function prepareGitCommit(
  repository: Repository,
  request: CommitRequest,
): Promise<PreparedGitCommit> {
  const { tree, changed } = await storeChange(repository, request);
  if (changed === 0) {
    const message = 'Cannot make the git commit: nothing would change';
    throw new SkeinError('workspace-failed', message, {
      fix: 'The edits change only what git does not store, such as line ends that it converts.',
    });
  }
  const { author, committer } = await asGitWritesThem(repository, request);
  const { date, base: parent } = request;
  const content = { tree, parent, message: asMessage(request.message), author, committer, date };
  return { ...content, expectedId: commitId(repository.objectFormat, content) };
}

/**
 * Makes the prepared commit and returns its id, which is `expectedId`; making it twice is the same
 * commit. It is on no branch yet. Throws `git-failed` when git disagrees about the id.
 */
export async function createGitCommit(
  repository: Repository,
  prepared: PreparedGitCommit,
): Promise<string> {
  const id = await gitText({
    cwd: repository.top,
    args: ['commit-tree', prepared.tree, '-p', prepared.parent, '-F', '-'],
    input: prepared.message,
    environment: identityVariables(prepared),
    settings: ['core.fsync=committed,loose-object'],
  });
  if (id === prepared.expectedId) return id;
  throw new SkeinError('git-failed', `Cannot make the git commit: its id is ${id}`, {
    details: { expectedId: prepared.expectedId, id },
  });
}

/** Whether the commit exists. */
export async function probeGitCommit(
  repository: Repository,
  { expectedId }: Pick<PreparedGitCommit, 'expectedId'>,
): Promise<EffectState> {
  const args = ['cat-file', '-e', `${expectedId}^{commit}`];
  const { code } = await runGit({ cwd: repository.top, args, okCodes: [0, 1, 128] });
  return code === 0 ? 'done' : 'not-done';
}

/** What git takes as it is: text that ends with one newline. */
function asMessage(text: string): string {
  const message = `${text.replace(/\s+$/u, '')}\n`;
  if (message.trim() !== '' && !message.includes('\0') && message.isWellFormed()) return message;
  throw new SkeinError('usage', 'Cannot make a git commit: its message is empty or no text');
}

type CommitContent = Omit<PreparedGitCommit, 'expectedId'>;

/** The id of a commit: the hash of its bytes, as git stores them. */
export function commitId(format: 'sha1' | 'sha256', content: CommitContent): string {
  const stamp = `${content.date.seconds} ${content.date.offset}`;
  const body = Buffer.from(
    `tree ${content.tree}\nparent ${content.parent}\n` +
      `author ${content.author.name} <${content.author.email}> ${stamp}\n` +
      `committer ${content.committer.name} <${content.committer.email}> ${stamp}\n` +
      `\n${content.message}`,
  );
  return createHash(format).update(`commit ${body.length}\0`).update(body).digest('hex');
}

function identityVariables({ author, committer, date }: CommitContent): Record<string, string> {
  const stamp = `@${date.seconds} ${date.offset}`;
  return {
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    GIT_AUTHOR_DATE: stamp,
    GIT_COMMITTER_NAME: committer.name,
    GIT_COMMITTER_EMAIL: committer.email,
    GIT_COMMITTER_DATE: stamp,
  };
}

/** Git strips some characters of a name (such as `<`); asking it keeps the id right. */
async function asGitWritesThem(
  repository: Repository,
  { identity, date }: CommitRequest,
): Promise<GitIdentity> {
  const stamp = { tree: '', parent: '', message: '', date };
  const ask = async (variable: string): Promise<GitPerson> => {
    const environment = identityVariables({ ...stamp, ...identity });
    const line = await gitText({ cwd: repository.top, args: ['var', variable], environment });
    const match = /^(.*) <([^<>]*)> \d+ [+-]\d{4}$/u.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined) {
      return { name: match[1], email: match[2] };
    }
    throw new SkeinError('identity-missing', `Cannot make a git commit: git can't use ${line}`);
  };
  const author = await ask('GIT_AUTHOR_IDENT');
  const isOne =
    identity.author.name === identity.committer.name &&
    identity.author.email === identity.committer.email;
  return { author, committer: isOne ? author : await ask('GIT_COMMITTER_IDENT') };
}
