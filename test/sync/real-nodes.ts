/** Nodes with records in files, writers in threads and links over real sockets. */
import { mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomFillSync } from 'node:crypto';
import { openNodeKey } from '#identity/node-key.ts';
import type { Signer } from '#identity/signer.ts';
import type { Ledger } from '#ledger/ledger.ts';
import { openWorkerLedger } from '#ledger/worker-ledger.ts';
import { makeRedactor } from '#lib/redact.ts';
import { makeUuidv7 } from '#lib/uuidv7.ts';
import type { HelloOptions } from '#sync/hello/handshake.ts';
import { dialWs, serveLinks } from '#sync/link/ws-link.ts';
import type { Timers } from '#sync/link/wire.ts';
import { growthOf } from '#sync/growth.ts';
import type { SpaceSync, Sync, SyncNews } from '#sync/sync.ts';
import { startSync } from '#sync/sync-engine.ts';
import { human, SPACE } from '../support/test-ledger.ts';

/** A node at work. */
export interface RealNode {
  readonly signer: Signer;
  readonly ledger: Ledger;
  readonly sync: Sync;
  readonly space: SpaceSync;
  readonly address: string;
  readonly news: SyncNews[];
  readonly run: (name: string, input: unknown) => ReturnType<Ledger['execute']>;
  readonly close: () => Promise<void>;
}

const timers: Timers = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** A node that makes the space, or with `founder` one that joins it. */
export async function openRealNode(founder?: string): Promise<RealNode> {
  const folder = mkdtempSync(join(tmpdir(), 'skein-sync-'));
  const nodeKey = join(folder, 'node.key');
  const signer = openNodeKey(nodeKey);
  const random = (bytes: Uint8Array): Uint8Array => randomFillSync(bytes);
  const ledger = await openWorkerLedger({
    space: SPACE,
    folder,
    writerEntry: new URL('../../src/daemon/writer.ts', import.meta.url),
    verifierEntry: new URL('../../src/daemon/verifier.ts', import.meta.url),
    workerData: {
      folder,
      space: SPACE,
      nodeKey,
      epoch: 1,
      ...(founder === undefined ? {} : { founder }),
    },
    redact: makeRedactor(new Map()),
  });
  const news: SyncNews[] = [];
  const hello: HelloOptions = {
    timers,
    random,
    signer,
    software: '0.0.0-test',
    spacesFor: (peer) => sync.spacesFor(peer),
  };
  const sync: Sync = startSync({
    timers,
    random,
    node: signer.key,
    dial: (address) => dialWs(address, hello),
    observe: (each) => news.push(each),
  });
  const known = founder === undefined ? {} : { founder };
  const space = sync.open({ ledger, grown: growthOf(ledger), ...known });
  const server = createServer();
  await serveLinks(server, hello, (link) => sync.welcome(link));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const newId = makeUuidv7({ now: timers.now, random });
  return {
    signer,
    ledger,
    sync,
    space,
    news,
    address: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    run: (name, input) => ledger.execute({ id: newId(), name, input }, human),
    close: async () => {
      await sync.close();
      server.close();
      server.closeAllConnections();
      await ledger.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
