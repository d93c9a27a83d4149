/** Measures the node's own process: who it is, its age, memory, processor time, and how late it is. */
import type { Metrics } from '#telemetry/metrics.ts';

/** How often the delay of the event loop is looked at. */
const SAMPLE_MS = 100;

/** Who the node is, and its clocks. */
export interface ProcessOptions {
  readonly node: string;
  readonly version: string;
  readonly now: () => number;
  readonly monotonicMs: () => number;
  /** Calls back after so many milliseconds, without keeping the process; answers how to cancel that. */
  readonly later: (ms: number, callback: () => void) => () => void;
}

/** Begins to measure; answers how to end that. */
export function measureProcess(metrics: Metrics, options: ProcessOptions): () => void {
  const { node, version, now, monotonicMs, later } = options;
  const runtime = process.versions.node;
  metrics.gauge('skein_node_info').set(1, { node, version, runtime });
  metrics
    .gauge('skein_process_start_time_seconds')
    .set(Math.round(now() - process.uptime() * 1000) / 1000);
  const uptime = metrics.gauge('skein_process_uptime_seconds');
  const resident = metrics.gauge('skein_process_resident_bytes');
  const cpu = metrics.counter('skein_process_cpu_seconds_total');
  const endCollecting = metrics.collect('process', () => {
    uptime.set(process.uptime());
    resident.set(process.memoryUsage.rss());
    const { user, system } = process.cpuUsage();
    cpu.replace([[(user + system) / 1e6]]);
  });
  const delay = metrics.histogram('skein_event_loop_delay_seconds');
  let cancel = (): void => undefined;
  const sample = (): void => {
    const dueMs = monotonicMs() + SAMPLE_MS;
    cancel = later(SAMPLE_MS, () => {
      delay.observe(Math.max(0, monotonicMs() - dueMs) / 1000);
      sample();
    });
  };
  sample();
  return () => {
    cancel();
    endCollecting();
  };
}
