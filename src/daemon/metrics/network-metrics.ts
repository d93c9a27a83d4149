/** Looks at messages and other nodes whenever the metrics are read: what waits, links, presence. */
import type { InboxState } from '#bus/inbox/inbox-reducer.ts';
import { isHomeById } from '#protocol/address.ts';
import { PRIORITIES } from '#protocol/events/message.ts';
import { PRESENCES } from '#protocol/events/node.ts';
import { shortId } from '#telemetry/metric-names.ts';
import type { Metrics } from '#telemetry/metrics.ts';
import type { Network } from '../network/network.ts';
import type { SpaceDesk } from '../network/space-desk.ts';

/** Looks at inboxes, links and presence whenever the metrics are read; answers how to end that. */
export function measureNetwork(metrics: Metrics, network: Network, nodeKey: string): () => void {
  const waiting = metrics.gauge('skein_inbox_waiting');
  return metrics.collect('network', () => {
    waiting.replace(waitingBy(network.desks.values(), nodeKey));
    const { sync } = network.status();
    if (sync === null) return;
    metrics.gauge('skein_nodes').replace(nodesBy(network.desks.values()));
    metrics.gauge('skein_sync_lag_commits').replace(lagBy(sync.spaces));
    const rtt = metrics.histogram('skein_link_rtt_seconds');
    const offset = metrics.gauge('skein_clock_offset_seconds');
    const offsets: [number, { node: string }][] = [];
    for (const { peer, rttMs, offsetMs } of sync.peers) {
      const node = shortId(peer);
      if (rttMs !== null) rtt.observe(rttMs / 1000, { node });
      if (offsetMs !== null) offsets.push([offsetMs / 1000, { node }]);
    }
    offset.replace(offsets);
  });
}

function waitingBy(desks: Iterable<SpaceDesk>, nodeKey: string): [number, { priority: string }][] {
  const counts = new Map<string, number>(PRIORITIES.map((priority) => [priority, 0]));
  for (const { ledger } of desks) {
    for (const { id, body } of ledger.read.entities('inbox')) {
      if (isHomeById('inbox', id, nodeKey) !== true) continue;
      for (const { priority } of (body as InboxState).waiting) {
        counts.set(priority, (counts.get(priority) ?? 0) + 1);
      }
    }
  }
  return Array.from(counts, ([priority, count]) => [count, { priority }]);
}

/** A node may belong to several spaces: it is as present as it is in the best of them. */
function nodesBy(desks: Iterable<SpaceDesk>): [number, { state: string }][] {
  const best = new Map<string, number>();
  for (const { registry } of desks) {
    for (const { id, presence, isSelf } of registry.nodes()) {
      const rank = PRESENCES.indexOf(presence);
      if (!isSelf) best.set(id, Math.min(rank, best.get(id) ?? rank));
    }
  }
  const ranks = [...best.values()];
  return PRESENCES.map((state, rank) => [ranks.filter((each) => each === rank).length, { state }]);
}

interface LaggingSpace {
  readonly chains: readonly { readonly author: string; readonly behind: number }[];
}

function lagBy(spaces: readonly LaggingSpace[]): [number, { node: string }][] {
  const behind = new Map<string, number>();
  for (const { author, behind: count } of spaces.flatMap(({ chains }) => chains)) {
    const node = shortId(author);
    behind.set(node, (behind.get(node) ?? 0) + count);
  }
  return Array.from(behind, ([node, count]) => [count, { node }]);
}
