/** The metrics of a node: the registry, and what measures each of its parts. */
import { readFileSync } from 'node:fs';
import type { ApiMetrics } from '#api/api-metrics.ts';
import type { Redactor } from '#lib/redact.ts';
import type { WorkingAgent } from '#supervisor/swarm/agent-names.ts';
import { shortId } from '#telemetry/metric-names.ts';
import { makeMetrics, type Measured, type Metrics } from '#telemetry/metrics.ts';
import { chooseFormat, CONTENT_TYPES } from '#telemetry/text-format.ts';
import { measureProcess } from './metrics/process-metrics.ts';
import { measureSpaces, type SpaceWatch } from './metrics/space-metrics.ts';

/** Who the node is. */
export interface NodeMetricsOptions {
  readonly key: string;
  readonly epoch: number;
  /** Told why something could not be measured. */
  readonly report: (thrown: unknown) => void;
}

/** What is asked at each scrape; both answer from memory. */
export interface WorkSource {
  readonly agents: readonly WorkingAgent[];
  readonly atWork: readonly string[];
}

/** The registry with what feeds it; other parts get `metrics` handed down and count for themselves. */
export interface NodeMetrics {
  readonly metrics: Metrics;
  readonly api: ApiMetrics;
  /** Given to `Spaces`. */
  readonly spaces: SpaceWatch;
  /** The same redactor, counting what it takes out. */
  readonly counting: (redact: Redactor) => Redactor;
  /** `spaceIds` lists the spaces of the home. */
  readonly observe: (work: WorkSource, spaceIds: () => readonly string[]) => void;
  readonly close: () => void;
}

/** The metrics of one node, from its start. */
export function makeNodeMetrics({ key, epoch, report }: NodeMetricsOptions): NodeMetrics {
  const metrics = makeMetrics({ report });
  const clocks = { now: Date.now, monotonicMs: () => performance.now(), later };
  const endProcess = measureProcess(metrics, {
    node: shortId(key),
    version: version(),
    ...clocks,
  });
  const spaces = measureSpaces(metrics, { key, epoch, ...clocks });
  const redacted = metrics.counter('skein_secrets_redacted_total');
  return {
    metrics,
    api: measureApi(metrics, clocks.monotonicMs),
    spaces,
    counting: (redact) => (given) => {
      const cleaned = redact(given);
      if (cleaned.count > 0) redacted.add(cleaned.count);
      return cleaned;
    },
    observe: (work, spaceIds) => {
      observeWork(metrics, work);
      const known = metrics.gauge('skein_spaces');
      metrics.collect('spaces', () => {
        const open = spaces.open();
        known.set(open, { state: 'open' });
        known.set(Math.max(0, spaceIds().length - open), { state: 'closed' });
      });
    },
    close: () => {
      endProcess();
      spaces.close();
    },
  };
}

/** What is only measured must not keep a process that has nothing else to do. */
const later = (ms: number, callback: () => void): (() => void) => {
  const timer = setTimeout(callback, ms).unref();
  return () => clearTimeout(timer);
};

function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
}

function measureApi(metrics: Metrics, monotonicMs: () => number): ApiMetrics {
  const requests = metrics.counter('skein_http_requests_total');
  const duration = metrics.histogram('skein_http_request_duration_seconds');
  return {
    began: () => {
      const startedMs = monotonicMs();
      return ({ method, route, status }) => {
        requests.add(1, { method, route, status: String(status) });
        duration.observe((monotonicMs() - startedMs) / 1000, { route });
      };
    },
    page: async (accept) => {
      const format = chooseFormat(accept);
      return { contentType: CONTENT_TYPES[format], text: await metrics.expose(format) };
    },
  };
}

function observeWork(metrics: Metrics, work: WorkSource): void {
  const agents = metrics.gauge('skein_agents');
  const missions = metrics.gauge('skein_missions_at_work');
  metrics.collect('work', () => {
    missions.set(work.atWork.length);
    // Added up first: there may be ten thousand agents, and they have few roles and states.
    const alike = Map.groupBy(work.agents, ({ role, state }) => `${role} ${state}`);
    agents.replace(
      [...alike.values()].flatMap((all): Measured<'skein_agents'>[] =>
        all.slice(0, 1).map(({ role, state }) => [all.length, { role, state }]),
      ),
    );
  });
}
