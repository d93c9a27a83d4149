/**
 * Every metric there is: its type, what it says, its labels. One that no part has asked the registry
 * for is not shown at all: a zero is only told by who counts.
 */

/** What a row of the table says; `buckets` are upper bounds, ascending, without +Inf. */
export interface MetricRow {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  readonly buckets?: readonly number[];
}

const counter = <const L extends readonly string[]>(help: string, ...labels: L) =>
  ({ type: 'counter', help, labels }) as const;

const gauge = <const L extends readonly string[]>(help: string, ...labels: L) =>
  ({ type: 'gauge', help, labels }) as const;

const histogram = <const L extends readonly string[]>(
  buckets: readonly number[],
  help: string,
  ...labels: L
) => ({ type: 'histogram', buckets, help, labels }) as const;

/** From half a millisecond, the fsync of a good disk, to what nobody waits for. */
const WORK_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

const DELAY_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/** All metrics by name. Labels hold no names of projects, people or files, and no secrets. */
export const METRICS = {
  // the node's process
  skein_node_info: gauge('Always 1; what runs here.', 'node', 'version', 'runtime'),
  skein_process_start_time_seconds: gauge('When the process began, seconds since 1970.'),
  skein_process_uptime_seconds: gauge('How long the process has been running.'),
  skein_process_resident_bytes: gauge('Memory of the process that is in RAM.'),
  skein_process_cpu_seconds_total: counter('Processor time of the process, all of its threads.'),
  skein_event_loop_delay_seconds: histogram(
    DELAY_SECONDS,
    'How late a timer of the main thread fired; sampled ten times a second.',
  ),
  skein_http_requests_total: counter(
    'Requests that the API has answered; a stream counts when its answer begins.',
    'method',
    'route',
    'status',
  ),
  skein_http_request_duration_seconds: histogram(
    WORK_SECONDS,
    'From the start of a request to its answer, of a stream to its beginning.',
    'route',
  ),
  skein_metrics_dropped_total: counter(
    'Measurements that went to a series "other" because a metric has too many, or were no number.',
    'metric',
  ),
  skein_metrics_collect_failures_total: counter(
    'How often a part could not be measured for a scrape; its figures are then old or absent.',
    'part',
  ),
  // missions
  skein_missions: gauge('Missions on the records of the spaces that are open.', 'status'),
  skein_missions_at_work: gauge('Missions that this node works on right now.'),
  skein_tasks: gauge('Tasks on the records of the spaces that are open.', 'status'),
  skein_agents: gauge('Agents that are hired by missions at work.', 'role', 'state'),
  skein_leases_held: gauge('Leases that are held and were granted by this run of the node.'),
  skein_edits_refused_total: counter(
    'Edits that a guardrail of this node has refused.',
    'guardrail',
  ),
  skein_checks_total: counter('Checks that this node has run, by what came of them.', 'outcome'),
  // the record
  skein_spaces: gauge('Spaces of this home.', 'state'),
  skein_commits_total: counter('Commits on the record of a space that is open.', 'space'),
  skein_events_total: counter('Events on the record of a space that is open.', 'space'),
  skein_ledger_bytes: gauge('Size of the ledger of a space that is open.', 'space'),
  skein_blob_bytes: gauge('Size of the blobs of a space that is open.', 'space'),
  skein_append_duration_seconds: histogram(
    WORK_SECONDS,
    'From a command to its receipt, that is until it is on stable storage, or refused.',
    'outcome',
  ),
  skein_subscribers: gauge('Readers that follow or read a record right now.'),
  skein_secrets_redacted_total: counter(
    'Secrets taken out of text before it was stored or written to the log.',
  ),
  // the bus
  skein_bus_published_total: counter('Messages and signals handed to the bus.', 'kind'),
  skein_bus_delivered_total: counter('Messages and signals given to a handler.', 'kind'),
  skein_bus_dropped_total: counter('What did not fit into the queue of a subscriber.', 'kind'),
  skein_bus_refused_total: counter(
    'What the bus did not take, by the name of the error.',
    'reason',
  ),
  skein_inbox_waiting: gauge('Messages that wait in inboxes of this node.', 'priority'),
  skein_dead_letters_total: counter(
    'Messages given up: not answered too often, or given back too often.',
    'reason',
  ),
  skein_redeliveries_total: counter('Messages that were delivered once more.'),
  // other nodes; a node is named by the first 8 digits of its key
  skein_nodes: gauge('Nodes that this one knows of, itself not counted.', 'state'),
  skein_sync_lag_commits: gauge(
    'Commits of another node that linked nodes have and that are not here.',
    'node',
  ),
  skein_sync_pages_taken_total: counter('Pages of commits taken from another node.', 'node'),
  skein_sync_pages_refused_total: counter(
    'Pages of commits of another node that were refused, by the name of the error.',
    'node',
    'reason',
  ),
  skein_sync_bytes_total: counter(
    'Bytes of pages that came from other nodes, or went to them.',
    'direction',
  ),
  skein_link_rtt_seconds: histogram(
    WORK_SECONDS,
    'Round trips to another node, the quickest of the last ones at each reading.',
    'node',
  ),
  skein_clock_offset_seconds: gauge(
    'How far the clock of another node is ahead of this one (negative: behind).',
    'node',
  ),
} as const satisfies Readonly<Record<string, MetricRow>>;

/** The name of a metric. */
export type MetricName = keyof typeof METRICS;

/** The names of all metrics of one type. */
export type NamesOf<T extends MetricRow['type']> = {
  [N in MetricName]: (typeof METRICS)[N]['type'] extends T ? N : never;
}[MetricName];

/** The labels of a metric with their values. */
export type LabelsOf<N extends MetricName> = Readonly<
  Record<(typeof METRICS)[N]['labels'][number], string>
>;

/** An id of 32 digits or a key, as labels show it: enough to tell apart, too little to be of use. */
export const shortId = (id: string): string => id.slice(0, 8);
