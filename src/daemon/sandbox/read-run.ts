/** What the record says of a run. */
import type { RecordedEnd, RunReport } from '#api/sandbox-door.ts';
import { readStored } from '#bus/inbox/letters.ts';
import type { Ledger, StoredEvent } from '#ledger/ledger.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { SkeinEvent } from '#protocol/event-types.ts';

type Typed<T extends SkeinEvent['type']> = Extract<SkeinEvent, { readonly type: T }>;
type Kept = Typed<'sandbox.finished'>['data']['stdout'];

const PAGE = 1_000;

/** How far back it is looked for. */
const MOST_EVENTS = 500_000;

/** The report of `run`; `from` is a position before its start, when somebody knows one. */
export async function readRun(ledger: Ledger, run: string, from?: number): Promise<RunReport> {
  const found = from === undefined ? await lookBack(ledger, run) : lookFrom(ledger, run, from);
  const started = found.find((event) => event.type === 'sandbox.started');
  if (started === undefined) {
    throw new SkeinError(
      'not-found',
      `Cannot find run ${run.slice(0, 80)}: it is not on the record`,
      {
        fix: `It may be in another space (--space), or older than ${MOST_EVENTS} events.`,
      },
    );
  }
  return reportOf(ledger, run, started, found);
}

const isOfRun = ({ type, body }: StoredEvent, run: string): boolean =>
  type?.startsWith('sandbox.') === true && body?.includes(`"subject":"run/${run}"`) === true;

const eventsOf = (page: readonly StoredEvent[], run: string): readonly SkeinEvent[] =>
  page.filter((each) => isOfRun(each, run)).flatMap((each) => readStored(each) ?? []);

function lookFrom({ read }: Ledger, run: string, from: number): readonly SkeinEvent[] {
  const found: SkeinEvent[] = [];
  for (let after = from; ;) {
    const page = read.events({ after, limit: PAGE });
    found.push(...eventsOf(page, run));
    const last = page.at(-1);
    if (last === undefined || found.some(({ type }) => type === 'sandbox.finished')) return found;
    after = last.position;
  }
}

/** Newest first, with pauses: nobody else has to wait for a long record. */
async function lookBack({ read }: Ledger, run: string): Promise<readonly SkeinEvent[]> {
  let found: readonly SkeinEvent[] = [];
  let upTo: number | undefined;
  for (let seen = 0; seen < MOST_EVENTS; seen += PAGE) {
    const newest = { after: 0, newestFirst: true, limit: PAGE };
    const page = read.events({ ...newest, ...(upTo === undefined ? {} : { upTo }) });
    found = [...eventsOf(page, run).toReversed(), ...found];
    const last = page.at(-1);
    if (last === undefined || found.some(({ type }) => type === 'sandbox.started')) return found;
    upTo = last.position - 1;
    await new Promise(setImmediate);
  }
  return found;
}

function reportOf(
  ledger: Ledger,
  run: string,
  started: Typed<'sandbox.started'>,
  events: readonly SkeinEvent[],
): RunReport {
  const { data } = started;
  const finished = events.find((event) => event.type === 'sandbox.finished');
  return {
    run,
    space: ledger.space,
    by: started.actor,
    at: started.time,
    kind: data.kind,
    source: blobText(ledger, data.source.hash),
    sourceHash: data.source.hash,
    files: data.files,
    enclosure: data.enclosure,
    limits: Object.fromEntries(data.limits.map(({ name, value }) => [name, value])),
    network: data.network,
    deterministic: data.deterministic,
    asked: events.flatMap((event) => (event.type === 'sandbox.network-asked' ? [event.data] : [])),
    tools: events.flatMap((event) => (event.type === 'sandbox.tool-called' ? [event.data] : [])),
    end: finished === undefined ? null : endOf(ledger, finished),
  };
}

function endOf(ledger: Ledger, { data, time }: Typed<'sandbox.finished'>): RecordedEnd {
  const text = ({ text: inline, blob, totalBytes }: Kept): RecordedEnd['stdout'] => ({
    text: inline ?? (blob === undefined ? '' : (blobText(ledger, blob.hash) ?? '')),
    totalBytes,
  });
  const { stdout, stderr, changed, diff, error, ...rest } = data;
  return {
    ...rest,
    stdout: text(stdout),
    stderr: text(stderr),
    changed: changed.map(({ path, change, before, after }) => ({ path, change, before, after })),
    diff: diff === undefined ? '' : (blobText(ledger, diff.hash) ?? ''),
    error: error ?? null,
    at: time,
  };
}

/** Null for what was pruned, or is not on this node. */
function blobText({ blobs }: Ledger, hash: string): string | null {
  try {
    return blobs.get(hash).toString('utf8');
  } catch {
    return null;
  }
}
