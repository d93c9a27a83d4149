/** What one run may use of the network when nobody says otherwise, and the count of what it has used. */
import { Transform } from 'node:stream';
import { SkeinError } from '#protocol/errors.ts';
import type { ProxyLimits } from './proxy.ts';

const MEGABYTE = 1024 * 1024;

/** Enough to install the packages of a large project; far below what fills a disk or a link. */
export const PROXY_LIMITS: ProxyLimits = {
  requests: 5_000,
  connections: 256,
  headBytes: 16 * 1024,
  requestBytes: 10 * MEGABYTE,
  responseBytes: 256 * MEGABYTE,
  fetchBytes: 10 * MEGABYTE,
  fetches: 16,
  totalBytes: 1024 * MEGABYTE,
  headMs: 10_000,
  connectMs: 10_000,
  idleMs: 60_000,
};

/** The limits of a proxy; throws `usage` for one that is no whole number from 1. */
export function proxyLimits(asked: Partial<ProxyLimits> = {}): ProxyLimits {
  for (const [name, value] of Object.entries(asked)) {
    if (!Object.hasOwn(PROXY_LIMITS, name) || !Number.isSafeInteger(value) || value < 1) {
      throw new SkeinError('usage', `Cannot limit the proxy's ${name} to ${value}`);
    }
  }
  return { ...PROXY_LIMITS, ...asked };
}

/** The bytes that a run has left. */
export interface ByteBudget {
  left: number;
}

/** One direction of a request. */
export interface CountedStream {
  readonly stream: Transform;
  readonly bytes: () => number;
}

/** Passes bytes on and counts them; fails with a `limit-reached` at one more than may pass. */
export function countBytes(most: number, budget: ByteBudget): CountedStream {
  let bytes = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      budget.left -= chunk.length;
      if (bytes <= most && budget.left >= 0) return done(null, chunk);
      const state = bytes > most ? `it has more than ${most} bytes` : 'the run used all its bytes';
      return done(new SkeinError('limit-reached', `Cannot pass it on: ${state}`));
    },
  });
  return { stream, bytes: () => bytes };
}
