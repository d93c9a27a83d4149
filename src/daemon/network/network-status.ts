/** What a node tells of its network. */
import type { SyncStatus } from '#sync/sync.ts';
import type { NetworkConfig } from './network-config.ts';
import type { NatsStatus } from './network-sync.ts';

/** What `skein status` tells of the network. */
export interface NetworkStatus {
  readonly name: string;
  readonly listening: readonly string[];
  readonly nats: NatsStatus | null;
  readonly sync: SyncStatus | null;
  /** Why the network is not as it should be; it is being tried again. */
  readonly problem: string | null;
}

/** The settings as they are now, and what keeps them from working at the moment. */
export interface Configured {
  readonly config: NetworkConfig;
  readonly problem: string | null;
}
