/**
 * The only way to the network for a sandboxed program: a proxy of the host, on a Unix socket, for one run.
 * It carries `CONNECT host:port` for TLS (it can't look into it, and holds the name of the first
 * handshake to the asked one) and requests of the form `http://host/...`. A host has to be on the list,
 * its name is resolved once, here, each address is checked, and the connection goes to a checked one.
 * Secrets are put in here: a program asks `http://host/...`, the proxy speaks TLS to that host and adds
 * the header; the value never enters the sandbox, goes to no other host, and is taken out of answers.
 * Redirects are handed back, not followed. Every request is told once, when it is over.
 */
import type { NetworkAccess, NetworkPolicy } from '#sandbox/sandbox.ts';

/** What one run may use of the network. Times in milliseconds, sizes in bytes. */
export interface ProxyLimits {
  /** Refused ones count; at one more the proxy shuts. */
  readonly requests: number;
  /** At once. */
  readonly connections: number;
  /** One request's line and headers, also one answer's. */
  readonly headBytes: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** One answer of `fetch`, which is held in memory. */
  readonly fetchBytes: number;
  /** Calls of `fetch` at once. */
  readonly fetches: number;
  /** All bodies and tunnels of the run, both directions. */
  readonly totalBytes: number;
  /** For the head of a request, and for the first handshake in a tunnel. */
  readonly headMs: number;
  /** For name, connection and TLS handshake. */
  readonly connectMs: number;
  /** Without a byte in either direction. */
  readonly idleMs: number;
}

/** Addresses of a name, as text. */
export type ResolveHost = (host: string) => Promise<readonly string[]>;

/** What a proxy needs. */
export interface ProxyRequest {
  /** Where to make the private folder of the socket; its path may have about 70 bytes. */
  readonly folder: string;
  readonly policy: NetworkPolicy;
  /** The value of a secret, undefined when there is none; asked once, at the start. */
  readonly readSecret?: (name: string) => Promise<string | undefined>;
  /** Default: the system's resolver. */
  readonly resolve?: ResolveHost;
  /** Told at the end of each request; must not throw. */
  readonly onAccess: (access: NetworkAccess) => void;
  readonly limits?: Partial<ProxyLimits>;
  /** Names on the list that an operator lets lead to loopback and private addresses. */
  readonly allowPrivate?: readonly string[];
  /** Certificates (PEM) to trust in place of the system's when the proxy itself speaks TLS. */
  readonly ca?: string;
}

/** A request of a program that can't reach a socket; `url` is `http:` or `https:`. */
export interface ProxyFetch {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal;
}

/** Its answer: redirects are answers. `refused` by the rules, `failed` for another reason. */
export type ProxyAnswer =
  | {
      readonly type: 'answered';
      readonly status: number;
      readonly headers: readonly (readonly [string, string])[];
      readonly body: Uint8Array;
    }
  | { readonly type: 'refused' | 'failed'; readonly reason: string };

/** A proxy that listens. */
export interface Proxy {
  readonly socket: string;
  /** The same for a program that talks to the host by a pipe: same checks, same secrets, same record. */
  readonly fetch: (request: ProxyFetch) => Promise<ProxyAnswer>;
  /** Cuts all connections; when it resolves, every request was told and the socket is gone. */
  readonly close: () => Promise<void>;
}
