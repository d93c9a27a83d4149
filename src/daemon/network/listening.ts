/** Where a node listens for others, and what it tells them of that. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { SkeinError } from '#protocol/errors.ts';
import type { NetworkConfig } from './network-config.ts';

const ANY = new Set(['0.0.0.0', '::']);

/** How long who connects may take to say what it wants, in milliseconds, and how many may be there. */
const SILENCE_MS = 5_000;
const MAX_CONNECTIONS = 1_024;

/** A server for links: who connects and says nothing, or begins and does not end, is soon put out. */
export function makePeerServer(): Server {
  const limits = {
    headersTimeout: SILENCE_MS,
    requestTimeout: SILENCE_MS,
    connectionsCheckingInterval: 1_000,
  };
  const server = createServer(limits, (_, response) => response.writeHead(404).end());
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

/** Listens at `host:port`. Throws `usage` when the address is taken or is none of this machine. */
export async function listenAt(server: Server, address: string): Promise<void> {
  const cut = address.lastIndexOf(':');
  const host = address.slice(0, cut).replaceAll(/^\[|\]$/gu, '');
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new SkeinError('usage', `Cannot listen at ${address}: ${cause.message}`, {
          cause,
          fix: 'Choose another port, or an address of this machine.',
        }),
      ),
    );
    server.listen(Number(address.slice(cut + 1)), host, resolve);
  });
}

/** Ends it; links that are made belong to who made them. */
export const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

/** The URLs by which others reach this node: what was told, else where it listens. */
export function addressesOf({ advertise }: NetworkConfig, server: Server | undefined): string[] {
  if (advertise.length > 0) return [...advertise];
  const bound = server?.address() as AddressInfo | null | undefined;
  if (bound === null || bound === undefined) return [];
  const hosts = ANY.has(bound.address) ? ownAddresses() : [bound.address];
  return hosts.map((host) => `ws://${host.includes(':') ? `[${host}]` : host}:${bound.port}`);
}

const MAX_OWN = 8;

/** The addresses of this machine that others may know it by. */
function ownAddresses(): string[] {
  const found = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const outward = found.filter(({ internal, family }) => !internal && family === 'IPv4');
  return (outward.length > 0 ? outward : found).map(({ address }) => address).slice(0, MAX_OWN);
}
