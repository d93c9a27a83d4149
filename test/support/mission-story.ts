/** The commands of one mission from submitted to done, as its supervisor and its person send them. */

/** One command of the story; `human` = only a person may say it. */
export interface StoryStep {
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly human?: boolean;
}

/** A git object id that is easy to recognise. */
export const GIT_ID = 'c0'.repeat(20);

/** A SHA-256 that is easy to recognise. */
export const DIGEST = 'd1'.repeat(32);

/** What a person asked for. */
export const submission = (mission: string): Readonly<Record<string, unknown>> => ({
  mission,
  goal: 'rename a to b',
  recipe: 'rename',
  base: GIT_ID,
  branch: 'main',
  options: { checks: [], merge: false, hooks: false, keepExports: false },
});

/** A plan whose one task may write `paths`. */
export const proposal = (
  mission: string,
  paths: readonly string[],
): Readonly<Record<string, unknown>> => ({
  mission,
  hash: DIGEST,
  base: GIT_ID,
  engine: 'tsc 7',
  isolation: 'none',
  summary: `${paths.length} files`,
  tasks: [{ id: `${mission}.1`, title: 'rename', role: 'coder', writeSet: paths }],
  checks: [{ name: 'test', command: 'npm test' }],
  price: { files: paths.length, changes: 2, money: 0, timeMs: null },
  contents: { hash: DIGEST, bytes: 10 },
  listed: 0,
  warnings: [],
});

/** The intent of an edit under a lease. */
export const editIntent = (
  mission: string,
  path: string,
  lease: { readonly id: string; readonly token: number },
): Readonly<Record<string, unknown>> => ({
  kind: 'edit',
  effect: `${mission}/edit/${path}`,
  subject: `file/${path}`,
  mission,
  data: {
    lease: lease.id,
    token: lease.token,
    path,
    baseHash: DIGEST,
    afterHash: DIGEST,
    after: { hash: DIGEST, bytes: 10 },
    changes: 1,
    guardrails: ['path', 'base-hash'],
  },
});

/** The whole story; leases are granted in the order of the missions, `token` is this one's. */
export function missionStory(
  mission: string,
  paths: readonly string[] = ['src/a.ts'],
  token = 1,
): StoryStep[] {
  const task = `${mission}.1`;
  const lease = { id: `${task}.1`, token };
  const effect = (kind: string, name: string): Readonly<Record<string, unknown>> => ({
    kind,
    effect: `${mission}/${name}`,
    subject: `${kind}/${mission}`,
    mission,
  });
  const edits = paths.flatMap((path): StoryStep[] => {
    const intent = editIntent(mission, path, lease);
    return [
      { name: 'effect.intend', input: intent },
      { name: 'effect.finish', input: { ...intent, data: { afterHash: DIGEST } } },
    ];
  });
  return [
    { name: 'mission.submit', input: submission(mission), human: true },
    { name: 'effect.intend', input: { ...effect('worktree', 'tree'), data: { commit: GIT_ID } } },
    { name: 'effect.finish', input: { ...effect('worktree', 'tree'), data: { files: 9 } } },
    { name: 'plan.propose', input: proposal(mission, paths) },
    { name: 'mission.approve', input: { mission, hash: DIGEST, from: 'terminal' }, human: true },
    { name: 'task.claim', input: { task, agent: 'coder', ttlMs: 60_000 } },
    ...edits,
    { name: 'effect.intend', input: { ...effect('cleanup', 'cleanup'), data: {} } },
    { name: 'effect.fail', input: { ...effect('cleanup', 'cleanup'), data: { reason: 'busy' } } },
    { name: 'task.finish', input: { task, gitTree: GIT_ID, checks: [] } },
    {
      name: 'mission.finish',
      input: { mission, gitCommit: GIT_ID, branch: 'skein/m', merged: false, durationMs: 5 },
    },
  ];
}
