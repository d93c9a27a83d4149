/**
 * What a NATS server can't do, by its version. Old servers refuse some settings and drop others without
 * a word: a stream that was to forget messages keeps them for ever. So it is looked up before, and
 * what can be seen is tried on a stream of its own.
 */
import type { NatsConnection } from '@nats-io/transport-node';
import { SkeinError } from '#protocol/errors.ts';
import { connectNats, toBusError, type NatsOptions } from './nats-options.ts';

/** One thing that servers have since a version. */
export interface ServerFeature {
  readonly name: string;
  /** The first version that has it. */
  readonly since: string;
  /** What a server without it does when it is asked for: says no, drops it silently, or never answers. */
  readonly otherwise: 'refused' | 'ignored' | 'silent';
  readonly why: string;
}

/** What Skein, or who runs it, may want of a server; in the order in which they came. */
export const SERVER_FEATURES: readonly ServerFeature[] = [
  feature('stream metadata', '2.10.0', 'ignored', 'labels on streams'),
  feature('stream compression', '2.10.0', 'ignored', 'streams that take less disk'),
  feature('subject transform', '2.10.0', 'ignored', 'subjects renamed on their way'),
  feature('first sequence', '2.10.0', 'ignored', 'a stream that continues another'),
  feature('several filters', '2.10.0', 'ignored', 'one consumer for several subjects'),
  feature('sync interval', '2.10.0', 'refused', 'acknowledged messages that survive a power cut'),
  feature('consumer pause', '2.11.0', 'silent', 'a consumer that rests'),
  feature('message TTL', '2.11.0', 'ignored', 'messages that end by themselves'),
  feature('key TTL', '2.11.0', 'ignored', 'keys of a bucket that end by themselves'),
  feature('priority groups', '2.11.0', 'ignored', 'work that overflows to another group'),
  feature('atomic batch', '2.12.0', 'ignored', 'several messages, all or none'),
  feature('message counter', '2.12.0', 'ignored', 'counting without reading before'),
];

/** A server, and what it lacks. */
export interface ServerReport {
  readonly version: string;
  readonly jetstream: boolean;
  readonly missing: readonly ServerFeature[];
  /** What was asked of the server itself and not kept, by name: it must agree with `missing`. */
  readonly seenMissing: readonly string[];
}

/** What a server of `version` (`2.9.10`) lacks; of a version that can't be read, everything. */
export const missingFeatures = (version: string): readonly ServerFeature[] =>
  SERVER_FEATURES.filter(({ since }) => !isAtLeast(version, since));

/**
 * Asks a server what it is, and tries on a stream in its memory what it would drop silently; the
 * stream is removed again. Throws as `openNatsBus` does.
 */
export async function inspectNats(options: NatsOptions, id: string): Promise<ServerReport> {
  const client = await connectNats(options);
  try {
    const { version = '0.0.0', jetstream = false } = client.info ?? {};
    const seenMissing = jetstream ? await tryFeatures(client, id) : [];
    return { version, jetstream, missing: missingFeatures(version), seenMissing };
  } catch (thrown) {
    throw toBusError(thrown, options.servers);
  } finally {
    await client.close();
  }
}

/** Settings of a stream that a server without them drops, and the feature each shows. */
const PROBES: readonly (readonly [string, string, unknown])[] = [
  ['stream metadata', 'metadata', { skein: 'probe' }],
  ['stream compression', 'compression', 's2'],
  ['first sequence', 'first_seq', 7],
  ['subject transform', 'subject_transform', { src: '>', dest: 'skein-probe.>' }],
  ['message TTL', 'allow_msg_ttl', true],
  ['atomic batch', 'allow_atomic', true],
];

const PROBE_MS = 5_000;

/** Asked without the client's own checks: what the server keeps of it is what counts. */
async function tryFeatures(client: NatsConnection, id: string): Promise<string[]> {
  const ask = async (verb: string, body?: object): Promise<Record<string, unknown>> => {
    const subject = `$JS.API.STREAM.${verb}.${stream}`;
    const text = body === undefined ? '' : JSON.stringify(body);
    return (await client.request(subject, text, { timeout: PROBE_MS })).json();
  };
  const stream = `skein-probe-${id}`;
  const missing: string[] = [];
  for (const [name, setting, value] of PROBES) {
    const subjects = [`skein-probe-${id}.>`];
    const made = await ask('CREATE', {
      name: stream,
      subjects,
      storage: 'memory',
      max_bytes: 1_024,
      [setting]: value,
    });
    const kept = (made['config'] as Record<string, unknown> | undefined)?.[setting];
    if (kept === undefined) missing.push(name);
    if (made['error'] === undefined) await ask('DELETE');
  }
  return missing;
}

function feature(
  name: string,
  since: string,
  otherwise: ServerFeature['otherwise'],
  why: string,
): ServerFeature {
  return { name, since, otherwise, why };
}

function isAtLeast(version: string, since: string): boolean {
  const [have, need] = [version, since].map(numbersOf);
  if (have === undefined || need === undefined) return false;
  const differs = have.findIndex((number, index) => number !== need[index]);
  return differs < 0 || (have[differs] ?? 0) > (need[differs] ?? 0);
}

/** `2.12.0-RC.1` counts as 2.12.0: a release candidate has what its release will have. */
function numbersOf(version: string): number[] | undefined {
  const found = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version);
  return found === null ? undefined : found.slice(1).map(Number);
}

/** Refuses a server that lacks one of `needed`, saying which version has them all. Throws `usage`. */
export function assertFeatures(version: string, needed: readonly string[]): void {
  const missing = missingFeatures(version).filter(({ name }) => needed.includes(name));
  if (missing.length === 0) return;
  const names = missing.map(({ name, since }) => `${name} (${since})`).join(', ');
  throw new SkeinError('usage', `Cannot use NATS server ${version}: it lacks ${names}`, {
    fix: 'Install a newer nats-server.',
  });
}
