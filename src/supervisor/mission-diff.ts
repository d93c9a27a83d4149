/** The change of a mission as a unified diff: what it made, or what its plan would make. */
import type { Ledger } from '#ledger/ledger.ts';
import { SkeinError } from '#protocol/errors.ts';
import { openRepository } from '#workspace/git/open-repository.ts';
import { writeChangeTree } from '#workspace/git/scratch-tree.ts';
import { showDiff } from '#workspace/git/show-diff.ts';
import type { MissionState, PlanState } from './mission-reducer.ts';
import { readContents } from './plan-contents.ts';

/** The diff as text; bytes that are not UTF-8 are shown as replacement characters. */
export async function missionDiff(ledger: Ledger, mission: string, path: string): Promise<string> {
  const state = ledger.read.entity('mission', mission)?.body as MissionState | undefined;
  const plan = ledger.read.entity('plan', state?.plan ?? '')?.body as PlanState | undefined;
  if (state === undefined || plan === undefined) {
    throw new SkeinError('not-found', `Cannot show a diff: mission ${mission} has no plan`, {
      fix: `See why: skein show ${mission}`,
    });
  }
  const repository = await openRepository(path);
  const to =
    state.gitCommit ?? (await writeChangeTree(repository, plan.base, plannedFiles(ledger, plan)));
  const diff = await showDiff({ cwd: repository.top, base: plan.base, to });
  return diff.toString('utf8');
}

function plannedFiles({ blobs }: Ledger, plan: PlanState): { path: string; bytes: Buffer }[] {
  const { edits } = readContents(blobs, plan.contents);
  return edits.map(({ path, after }) => ({ path, bytes: blobs.get(after.hash) }));
}
