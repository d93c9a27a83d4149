/**
 * The workspace: a repository of the person, a worktree of it for each mission, the edits in the
 * worktree and the git commit that comes out. Read this file first.
 *
 * Nothing here is recorded. Every effect comes in three parts, so that the caller can put its
 * intent on the record before and its outcome after:
 *   prepare  looks and computes; what it returns is plain data, enough to do or recognise the effect
 *   do       has the effect once; done twice it is refused or gives the same
 *   probe    says after a crash whether it is done, not done, or unknown (then a person decides)
 *
 * The user's working tree, index and hooks are not touched, with one exception that they ask for:
 * `fastForward`. Nothing here runs code of the repository except `runCheck`.
 */

/** What a probe found: 'unknown' is shown to a person, never repeated. */
export type EffectState = 'done' | 'not-done' | 'unknown';
