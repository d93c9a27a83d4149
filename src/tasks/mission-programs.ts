/** What the programs of a mission run behind: what this machine has, if that is enough. */
import { SkeinError } from '#protocol/errors.ts';
import type { CheckRun } from '#workspace/checks/run-check.ts';
import type { MissionWork } from './mission-work.ts';

const FIX =
  'Run "skein sandbox probe" and do what it says, run the mission on another machine, or let skein.yaml ask for less.';

/**
 * The host of programs and what they may reach. Throws `sandbox-unavailable` where skein.yaml asks for
 * more than this machine has, or a person approved walls that do not stand any more.
 */
export async function missionPrograms(
  work: MissionWork,
): Promise<Required<Pick<CheckRun, 'host' | 'network'>>> {
  const { sandbox } = await work.world.readSkeinYaml(work.repository, work.base);
  const host = await work.world.programs.host();
  if (host.enclosure === null) {
    const asker = sandbox?.least === 'kernel' ? 'skein.yaml asks for a jail' : approvedWalls(work);
    if (asker !== undefined) throw unavailable(work, asker);
  }
  return { host, network: sandbox?.network ?? [] };
}

/** Says that the approved plan names walls; undefined when it names none, or there is no plan yet. */
function approvedWalls({ ledger, mission }: MissionWork): string | undefined {
  const state = ledger.read.entity('mission', mission)?.body as
    | { readonly plan: string | null }
    | undefined;
  if (typeof state?.plan !== 'string') return undefined;
  const plan = ledger.read.entity('plan', state.plan)?.body as
    | { readonly isolation: string }
    | undefined;
  if (plan === undefined || plan.isolation === 'none') return undefined;
  return `its plan was approved with ${plan.isolation}`;
}

function unavailable({ mission }: MissionWork, asker: string): SkeinError {
  const message = `Cannot run programs of mission ${mission}: ${asker}, and nothing holds them here`;
  return new SkeinError('sandbox-unavailable', message, { fix: FIX });
}
