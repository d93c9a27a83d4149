/** Where the time of a space's messages went, added up from its record. */
import { setImmediate as breathe } from 'node:timers/promises';
import { Efficiency, type EfficiencyReport } from '#bus/inbox/efficiency.ts';
import { readStored } from '#bus/inbox/letters.ts';
import type { Ledger } from '#ledger/ledger.ts';
import { isHomeById } from '#protocol/address.ts';
import type { SkeinEvent } from '#protocol/event-types.ts';

/** `sinceMs` ago until now, absent = all; `agent` by its name or id, absent = all. */
export interface EfficiencyQuery {
  readonly sinceMs?: number;
  readonly agent?: string;
}

/** Reads the record from its beginning, a page at a time: others are served in between. */
export async function efficiencyReport(
  ledger: Ledger,
  { sinceMs, agent }: EfficiencyQuery,
  nowMs: number,
): Promise<EfficiencyReport> {
  const from = sinceMs === undefined ? '' : new Date(nowMs - sinceMs).toISOString();
  const sum = new Efficiency();
  for await (const page of ledger.subscribe({ after: 0, follow: false })) {
    for (const stored of page) {
      if (stored.type?.startsWith('message.') !== true) continue;
      const event = readStored(stored);
      if (event !== undefined && event.time >= from && isOfHome(event, stored.author))
        sum.add(event);
    }
    await breathe();
  }
  const report = sum.report();
  if (agent === undefined) return report;
  const isMeant = (id: string): boolean => id === agent || id.split('@')[0] === agent;
  return {
    ...report,
    agents: report.agents.filter((each) => isMeant(each.agent)),
    routes: report.routes.filter((each) => isMeant(each.from) || isMeant(each.to)),
  };
}

/** What other nodes than its own say of an inbox is void. */
function isOfHome({ data }: SkeinEvent, author: string): boolean {
  const { inbox } = data as { readonly inbox?: string };
  return inbox === undefined || isHomeById('inbox', inbox, author) === true;
}
