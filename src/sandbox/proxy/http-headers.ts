/** Headers on their way through: those of one connection stay there (RFC 9110, 7.6.1). */

/** Names as they came, and values. */
export type Headers = readonly (readonly [string, string])[];

const HOP = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Whether a header belongs to one connection, or is set anew for each (host, length). */
export const isHopHeader = (name: string): boolean => HOP.has(name.toLowerCase());

/** Pairs of Node's flat list of raw headers. */
export const pairsOf = (raw: readonly string[]): Headers =>
  raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1] ?? ''] as const] : []));

/** What is passed on: without those of the connection, and those that it names as its own. */
export function endToEnd(headers: Headers): Headers {
  const named = new Set(
    headers
      .filter(([name]) => name.toLowerCase() === 'connection')
      .flatMap(([, value]) =>
        value
          .toLowerCase()
          .split(',')
          .map((each) => each.trim()),
      ),
  );
  return headers.filter(([name]) => !isHopHeader(name) && !named.has(name.toLowerCase()));
}

/** The value of a header, null without it or with several. */
export function headerOf(headers: Headers, wanted: string): string | null {
  const found = headers.filter(([name]) => name.toLowerCase() === wanted);
  return found.length === 1 ? (found[0]?.[1] ?? null) : null;
}
