/** How large the records of a home are, how fast they grow, and what pruning would free. */
import type { PruneReport, Reports, SpaceSurvey } from '#daemon/home/prune-home.ts';
import { shortId } from '../../mission-lookup.ts';
import { newCommandId } from '../../new-id.ts';
import type { NodeClient } from '../../node-client.ts';
import { count, size } from '../wording.ts';

/** A record's survey with what would go of it if nothing else were asked for. */
export interface RecordGrowth {
  readonly survey: SpaceSurvey;
  readonly prunable: PruneReport | undefined;
}

/** What is pruned when nothing is said: missions that ended 90 days ago, but not the last 20. */
export const PRUNE_DEFAULTS = { olderThanDays: 90, keepMissions: 20 } as const;

/** Asks the node; what is unreadable is told elsewhere. */
export async function fetchGrowth(client: NodeClient): Promise<RecordGrowth[]> {
  const ask = <R>(name: string, input: unknown): Promise<Reports<R>> =>
    client.post({ id: newCommandId(), name, input });
  const surveys = await ask<SpaceSurvey>('record.survey', null);
  const input = { ...PRUNE_DEFAULTS, what: 'bodies', carryOut: false };
  const plans = await ask<PruneReport>('record.prune', input);
  return surveys.reports.map((survey) => ({
    survey,
    prunable: plans.reports.find(({ space }) => space === survey.space),
  }));
}

/** `since 2026-01-02, 1.2 MB a day (last 7 days), ...; largest: ...`. */
export function growthText({ oldest, growth, largest }: SpaceSurvey): string {
  const since = oldest === null ? [] : [`since ${oldest.slice(0, 10)}`];
  const rates = growth.map(({ days, grownDays, eventBytes, blobBytes }) => {
    const [events, blobs] = [eventBytes, blobBytes].map((bytes) =>
      size(Math.round(bytes / grownDays)),
    );
    return `${events} + ${blobs} blobs a day in the last ${days} days`;
  });
  const missions = largest.map(
    ({ mission, events, eventBytes, blobBytes }) =>
      `${shortId(mission)} ${size(eventBytes + blobBytes)} in ${count(events, 'event')}`,
  );
  const list = missions.length === 0 ? '' : `; largest missions: ${missions.join(', ')}`;
  return `${[...since, ...rates].join(', ')}${list}`;
}

/** What pruning would free, or that there is nothing to prune. */
export function prunableText({ missions }: PruneReport): string {
  if (missions.length === 0) return 'nothing to prune';
  const bytes = missions.reduce(
    (sum, { eventBytes, blobBytes }) => sum + eventBytes + blobBytes,
    0,
  );
  return `${count(missions.length, 'mission')} could be pruned, ${size(bytes)}: see "skein prune"`;
}
