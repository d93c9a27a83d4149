/**
 * A node as the daemon builds one, without its doors: a record in files with its writer in a thread,
 * a mailroom, and the exchange of history over a link. What arrives is told as it is durable.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { Mailroom } from '#bus/inbox/mailroom.ts';
import { surroundings } from '#daemon/network/network-sync.ts';
import { openNodeKey } from '#identity/node-key.ts';
import type { Signer } from '#identity/signer.ts';
import type { Ledger, Taken } from '#ledger/ledger.ts';
import { openWorkerLedger } from '#ledger/worker-ledger.ts';
import { makeRedactor } from '#lib/redact.ts';
import type { Receipt } from '#protocol/command.ts';
import { growthOf } from '#sync/growth.ts';
import type { HelloOptions } from '#sync/hello/handshake.ts';
import type { Link } from '#sync/link/link.ts';
import { dialWs, serveLinks } from '#sync/link/ws-link.ts';
import { NatsLinks } from '#sync/nats/nats-links.ts';
import { startSync } from '#sync/sync-engine.ts';
import { assertSound, BENCH_SPACE, BENCH_SPEAKER, newId } from '../support/bench-space.ts';

/** Where a node is opened, and how it meets others. */
export interface BenchNodeOptions {
  readonly folder: string;
  readonly epoch?: number;
  /** The key of another node that made the space. */
  readonly founder?: string;
  /** The address of a NATS server: links go over it. Without one they go over WebSockets. */
  readonly nats?: string;
  /** Told of each page that was taken and is durable. */
  readonly taken?: (taken: Extract<Taken, { type: 'taken' }>) => void;
}

/** A node at work. */
export interface BenchNode {
  readonly signer: Signer;
  readonly ledger: Ledger;
  readonly mailroom: Mailroom;
  /** Where others reach it over the same carrier. */
  readonly address: string;
  readonly reach: (address: string) => void;
  readonly run: (name: string, input: unknown) => Promise<Receipt>;
  readonly close: () => Promise<void>;
}

interface Meeting {
  readonly address: string;
  readonly dial: (address: string) => Promise<Link>;
  readonly close: () => Promise<void>;
}

/** Opens the ledger in `folder`, the mailroom and the links. */
export async function openBenchNode(options: BenchNodeOptions): Promise<BenchNode> {
  const { folder, founder, epoch = 1, taken } = options;
  const nodeKey = join(folder, 'node.key');
  const signer = openNodeKey(nodeKey);
  const known = founder === undefined ? {} : { founder };
  const ledger = await openWorkerLedger({
    space: BENCH_SPACE,
    folder,
    writerEntry: new URL('../../src/daemon/writer.ts', import.meta.url),
    verifierEntry: new URL('../../src/daemon/verifier.ts', import.meta.url),
    workerData: { folder, space: BENCH_SPACE, nodeKey, epoch, ...known },
    redact: makeRedactor(new Map()),
  });
  const mailroom = new Mailroom({
    ledger,
    nodeKey: signer.key,
    secret: signer.key,
    now: Date.now,
    after: surroundings.timers.after,
    newId,
    report: ({ message }) => assertSound(false, message),
  });
  const hello: HelloOptions = {
    ...surroundings,
    signer,
    software: 'skein bench',
    spacesFor: (peer) => sync.spacesFor(peer),
  };
  const dial = (address: string): Promise<Link> => meeting.dial(address);
  const sync = startSync({ ...surroundings, node: signer.key, dial });
  sync.open({
    ledger,
    grown: growthOf(ledger),
    ...known,
    reactionsTo: (page) => mailroom.reactionsTo(page),
    ...(taken === undefined ? {} : { taken }),
  });
  const meeting = await meet(options, hello, sync.welcome);
  return {
    signer,
    ledger,
    mailroom,
    address: meeting.address,
    reach: (address) => void sync.reach(address),
    run: (name, input) => ledger.execute({ id: newId(), name, input }, BENCH_SPEAKER),
    close: async () => {
      await sync.close();
      await meeting.close();
      await mailroom.close();
      await ledger.close();
    },
  };
}

async function meet(
  { nats }: BenchNodeOptions,
  hello: HelloOptions,
  accept: (link: Link) => void,
): Promise<Meeting> {
  if (nats !== undefined) {
    const connection = await connect({ servers: nats });
    const links = new NatsLinks({ connection, space: BENCH_SPACE, hello, accept });
    await connection.flush();
    return {
      address: hello.signer.key,
      dial: (key) => links.dial(key),
      close: async () => {
        links.close();
        await connection.close();
      },
    };
  }
  const server = createServer();
  await serveLinks(server, hello, accept);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: `ws://127.0.0.1:${port}`,
    dial: (address) => dialWs(address, hello),
    close: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Resolves when `is` holds: asked once every turn of some milliseconds. */
export async function until(is: () => boolean, everyMs = 5): Promise<void> {
  while (!is()) {
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, everyMs);
    await promise;
  }
}
