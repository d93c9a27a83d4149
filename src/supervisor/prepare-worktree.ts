/** Makes the worktree of a mission a working project: checked out, dependencies linked or set up. */
import { SkeinError } from '#protocol/errors.ts';
import type { EffectState } from '#tasks/effect-reducer.ts';
import type { EffectData, Probe } from '#tasks/effects.ts';
import type { MissionWork } from '#tasks/mission-work.ts';
import { recordedOutcome, runCommand } from '#tasks/run-command.ts';

/** What the worktree of a mission turned out to be. */
export interface PreparedWorktree {
  readonly files: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * A second worktree of the untouched base, for `use` alone: a changed plan is made from what the
 * first one was made from. It is gone afterwards, and is made anew after a crash.
 */
export async function withFreshWorktree<T>(
  work: MissionWork,
  use: (root: string, prepared: PreparedWorktree) => Promise<T>,
): Promise<T> {
  const fresh = { ...work, worktree: freshPath(work) };
  const { worktrees } = work.world;
  const name = work.newId();
  try {
    return await use(fresh.worktree, await makeWorktree(fresh, name));
  } finally {
    await worktrees.remove(work.repository, fresh.worktree);
  }
}

const freshPath = ({ worktree }: MissionWork): string => `${worktree}.plan`;

/**
 * What a crash left of a second worktree that was not needed again: its folder, its open intent.
 * Where no intent is, there is no folder.
 */
export async function dropFreshWorktree(work: MissionWork): Promise<void> {
  const { mission, ledger, repository, world } = work;
  const made = ledger.read.entities('effect', `${mission}/worktree/`);
  if (made.length > 0) await world.worktrees.remove(repository, freshPath(work));
  for (const { id: effect, body } of made) {
    const { kind, subject, status } = body as EffectState;
    if (status !== 'intended') continue;
    const data = { reason: 'it was not needed again' };
    await work.record('effect.fail', { kind, effect, subject, mission, data });
  }
}

/**
 * Two effects, each with its intent: the checkout, and what makes it a working project. `name`
 * tells one more worktree of a mission from its first.
 */
export async function makeWorktree(work: MissionWork, name?: string): Promise<PreparedWorktree> {
  const { worktrees } = work.world;
  const plan = worktrees.prepare(work.repository, {
    path: work.worktree,
    commit: work.base,
    reason: `skein mission ${work.mission}`,
  });
  const suffix = name === undefined ? '' : `/${name}`;
  await work.effects.perform({
    kind: 'worktree',
    key: `${work.mission}/worktree${suffix}`,
    subject: `worktree/${work.mission}`,
    mission: work.mission,
    intent: { commit: work.base },
    act: async () => {
      await worktrees.remove(work.repository, plan.path);
      await worktrees.add(work.repository, plan);
      return { files: (await worktrees.listTracked(plan.path)).length };
    },
    // A checkout that was cut off is made anew: nothing was edited in it yet.
    probe: async (): Promise<Probe> =>
      (await worktrees.probe(work.repository, plan)) === 'done'
        ? { type: 'done', outcome: { files: (await worktrees.listTracked(plan.path)).length } }
        : { type: 'not-done' },
  });
  if (!worktrees.exists(work.worktree)) throw worktreeGone(work);
  const warnings = await setUp(work, suffix);
  const tracked = await worktrees.listTracked(work.worktree, work.base);
  const files = tracked
    .filter(({ kind, nameIsUtf8 }) => nameIsUtf8 && (kind === 'file' || kind === 'executable'))
    .map(({ path }) => path);
  return { files, warnings };
}

const worktreeGone = ({ mission }: MissionWork): SkeinError =>
  new SkeinError(
    'workspace-failed',
    `Cannot continue mission ${mission}: somebody removed its worktree`,
    { fix: 'Run the goal again: a new mission begins with a new worktree.' },
  );

/** `workspace.setup` of skein.yaml when there is one, else links to the installed dependencies. */
async function setUp(work: MissionWork, suffix: string): Promise<readonly string[]> {
  const { workspace } = await work.world.readSkeinYaml(work.repository, work.base);
  if (workspace?.setup === undefined) return linkDependencies(work);
  const command = workspace.setup;
  const outcome = await work.effects.perform({
    kind: 'setup',
    key: `${work.mission}/setup${suffix}`,
    subject: `worktree/${work.mission}`,
    mission: work.mission,
    intent: { command },
    act: () => actSetup(work, command),
    probe: async () => ({ type: 'not-done' }),
  });
  if (outcome['exitCode'] !== 0) {
    throw new SkeinError(
      'workspace-failed',
      `Cannot set up the workspace: "${command}" ended with ${String(outcome['exitCode'])}`,
      { fix: setupFix(outcome) },
    );
  }
  return [];
}

/** What fails in a jail may work by hand: there it has a network. */
function setupFix({ enclosure, network }: EffectData): string {
  const byHand =
    'Run the command by hand in a fresh clone, and correct workspace.setup in skein.yaml.';
  if (enclosure === undefined) return byHand;
  const asked = (network ?? []) as readonly { host: string; verdict: string; reason?: string }[];
  const shut = asked.filter(({ verdict }) => verdict !== 'allowed');
  const [first] = shut;
  const state =
    first === undefined
      ? 'It ran in a jail, which reaches only the hosts of sandbox.network in skein.yaml'
      : `It was not let to ${first.host}: ${first.reason ?? first.verdict}; sandbox.network in skein.yaml lists hosts`;
  return `${state}. ${byHand}`;
}

async function actSetup(work: MissionWork, command: string): Promise<EffectData> {
  return recordedOutcome(work, await runCommand(work, { name: 'setup', command }));
}

/** Linking again is harmless, so it needs no intent of its own; what was linked is told once. */
async function linkDependencies(work: MissionWork): Promise<readonly string[]> {
  const { dependencies } = work.world;
  const plan = await dependencies.plan(work.repository.top, work.worktree);
  const before = dependencies.probe(plan);
  const report = dependencies.link(plan);
  if (before === 'done') return report.warnings;
  const detail = await work.ledger.blobs.putText(JSON.stringify(report));
  const data = {
    folders: report.folders,
    linked: report.linked,
    copied: report.innerLinks,
    skipped: report.skipped.map(({ path }) => path),
    detail,
  };
  const subject = `worktree/${work.mission}`;
  await work.record('note.record', {
    type: 'workspace.linked',
    subject,
    mission: work.mission,
    data,
  });
  return report.warnings;
}
