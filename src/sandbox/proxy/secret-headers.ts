/**
 * Secrets that go into requests: each to one host, in one header. Read at the start, so that a run whose
 * secrets are missing never begins.
 */
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { SkeinError } from '#protocol/errors.ts';
import type { NetworkPolicy } from '#sandbox/sandbox.ts';
import { parseAuthority, type HostList, type Target } from './host-list.ts';
import { isHopHeader } from './http-headers.ts';

/** A header with a secret in it. */
export interface SecretHeader {
  readonly header: string;
  readonly value: string;
}

/** The headers for a target that is spoken to by TLS; empty for most. */
export type SecretsFor = (target: Target) => readonly SecretHeader[];

const HTTPS = 443;

/**
 * Reads all secrets of a policy. Throws `secret-missing` for one without a value, `usage` for one whose
 * host is not on the list or whose header can't be set.
 */
export async function readSecrets(
  secrets: NonNullable<NetworkPolicy['secrets']>,
  isListed: HostList,
  read: (name: string) => Promise<string | undefined>,
): Promise<SecretsFor> {
  const rows = await Promise.all(
    secrets.map(async ({ name, host, header }) => {
      const target = parseAuthority(host, HTTPS);
      if (target === null || !isListed(target)) {
        throw unusable(name, `${JSON.stringify(host)} is not on the list of hosts`);
      }
      const value = await read(name);
      if (value === undefined || value === '') {
        throw new SkeinError('secret-missing', `Cannot use the secret ${name}: it has no value`, {
          fix: 'Set it on this node, or leave it out of the request.',
        });
      }
      assertHeader(name, header, value);
      return { target, header: header.toLowerCase(), value };
    }),
  );
  return ({ host, port }) =>
    rows.filter(({ target }) => target.host === host && target.port === port);
}

function assertHeader(name: string, header: string, value: string): void {
  try {
    validateHeaderName(header);
    validateHeaderValue(header, value);
  } catch {
    throw unusable(name, 'it can be no header');
  }
  if (isHopHeader(header)) throw unusable(name, `the header ${header} is the connection's own`);
}

const unusable = (name: string, state: string): SkeinError =>
  new SkeinError('usage', `Cannot use the secret ${name}: ${state}`);
