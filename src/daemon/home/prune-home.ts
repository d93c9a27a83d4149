/** `skein prune`: says for each record what pruning would take, or prunes. */
import type { PrunedWhat } from '#ledger/prune/prune-plan.ts';
import type { Survey } from '#ledger/prune/survey.ts';
import { shortNode } from '#protocol/address.ts';
import { SkeinError, toErrorBody, toSkeinError, type ErrorBody } from '#protocol/errors.ts';
import type { Spaces } from '../spaces.ts';
import type { PrunedSizes, PruneOrder } from './pruner-protocol.ts';
import { recordSizes, type RecordSizes } from './space-files.ts';

/** What would go of a record, or has gone; `after` is null when nothing was done. Sizes in bytes. */
export interface PruneReport extends PrunedSizes {
  readonly space: string;
  readonly repository: string | null;
  readonly what: PrunedWhat;
  readonly before: RecordSizes;
  readonly after: RecordSizes | null;
}

/** What was found of each record, and records for which it could not be done. */
export interface Reports<R> {
  readonly reports: readonly R[];
  readonly failed: readonly { readonly space: string; readonly error: ErrorBody }[];
}

/** A record's sizes and growth. */
export interface SpaceSurvey extends Survey {
  readonly space: string;
}

/** Measures all records of the home. */
export const surveyHome = (spaces: Spaces, nowMs: number): Promise<Reports<SpaceSurvey>> =>
  eachSpace(spaces, async (space) => {
    const survey = await spaces.askPruner(space, { type: 'survey', nowMs });
    return { space, ...survey };
  });

/** Whether and how it is done; `assertIdle` throws while missions are at work. */
export interface PruneRequest extends PruneOrder {
  readonly carryOut: boolean;
  readonly assertIdle: () => void;
}

/** Says what would go of each record of the home, or prunes them. */
export const pruneHome = (spaces: Spaces, request: PruneRequest): Promise<Reports<PruneReport>> =>
  eachSpace(spaces, async (space) => {
    assertOwned(spaces, space);
    const plan = await planPrune(spaces, space, request);
    const isToDo = request.carryOut && plan.missions.length > 0;
    return isToDo ? { ...plan, ...(await prune(spaces, space, request)) } : plan;
  });

/** Only the word of a space's owner explains bodies that are gone: without it they would be damage. */
function assertOwned(spaces: Spaces, space: string): void {
  const { founder } = spaces.about(space);
  if (founder === undefined) return;
  const owner = shortNode(founder);
  throw new SkeinError(
    'not-home',
    `Cannot prune record ${space.slice(0, 12)}: node ${owner} owns it`,
    {
      fix: 'Prune it at that node. To let go of the whole copy: skein down, then remove its folder.',
    },
  );
}

/** One after the other; a record that is damaged must not hide the others. */
async function eachSpace<R>(
  spaces: Spaces,
  work: (space: string) => Promise<R>,
): Promise<Reports<R>> {
  const reports: R[] = [];
  const failed: { space: string; error: ErrorBody }[] = [];
  for (const space of spaces.list()) {
    try {
      reports.push(await work(space));
    } catch (thrown) {
      failed.push({ space, error: toErrorBody(toSkeinError(thrown)) });
    }
  }
  return { reports, failed };
}

async function planPrune(
  spaces: Spaces,
  space: string,
  { options, nowMs, speaker }: PruneOrder,
): Promise<PruneReport> {
  // Opened as it should be, which finishes what an earlier prune has left.
  await spaces.open(space);
  const plan = await spaces.askPruner(space, { type: 'plan', options, nowMs, speaker });
  const { what } = options;
  const repository = spaces.project(space)?.repository ?? null;
  const before = recordSizes(spaces.folder(space));
  return { space, repository, what, ...plan, before, after: null };
}

/** What is not proven must not be taken away: the record is verified first. */
async function prune(
  spaces: Spaces,
  space: string,
  { options, nowMs, speaker, assertIdle }: PruneRequest,
): Promise<PrunedSizes & Pick<PruneReport, 'after'>> {
  const { damage } = await spaces.judge(space);
  if (damage.length > 0) throw notWhole(space);
  spaces.assertWhole(space);
  assertIdle();
  const order = { type: 'prune', options, nowMs, speaker } as const;
  const pruned = await spaces.alone(space, () => spaces.askPruner(space, order));
  return { ...pruned, after: recordSizes(spaces.folder(space)) };
}

const notWhole = (space: string): SkeinError =>
  new SkeinError('record-damaged', `Cannot prune record ${space.slice(0, 12)}: it is damaged`, {
    fix: 'See the findings with "skein verify"; then "skein repair".',
  });
