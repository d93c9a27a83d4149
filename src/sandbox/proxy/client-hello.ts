/**
 * Reads the name of the server in the first message of a TLS connection (RFC 8446, 4.1.2; RFC 6066, 3).
 * Strict: what a server might read in another way than this is no hello.
 */

/** The name, null when none is said; `more` when it isn't all there. */
export type ClientHello =
  | { readonly type: 'hello'; readonly serverName: string | null; readonly isHidden: boolean }
  | { readonly type: 'more' }
  | { readonly type: 'bad'; readonly reason: string };

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
/** Encrypted Client Hello: the name that counts is within. */
const ENCRYPTED_HELLO = 0xfe0d;
const MAX_RECORD_BYTES = 16_384;
/** Nobody needs more; many tiny ones would be work for nothing. */
const MAX_RECORDS = 16;

/** A hello with many keys has some thousands of bytes. */
export const MAX_HELLO_BYTES = 32_768;

const MORE: ClientHello = { type: 'more' };
const bad = (reason: string): ClientHello => ({ type: 'bad', reason });

/** What the first bytes of a connection say. */
export function readClientHello(bytes: Buffer): ClientHello {
  const message = joinRecords(bytes);
  if (!Buffer.isBuffer(message)) return message;
  const fields = new Fields(message);
  // version, random, session, ciphers, compression
  const start = [
    fields.take(2),
    fields.take(32),
    fields.vector(1),
    fields.vector(2),
    fields.vector(1),
  ];
  if (start.includes(null)) return bad('its TLS handshake is damaged');
  if (fields.isAtEnd) return { type: 'hello', serverName: null, isHidden: false };
  const all = fields.vector(2);
  if (all === null || !fields.isAtEnd) return bad('its TLS handshake is damaged');
  return readExtensions(new Fields(all));
}

/** The body of the first handshake message, which may come in several records. */
function joinRecords(bytes: Buffer): Buffer | ClientHello {
  const parts: Buffer[] = [];
  let length = 0;
  for (let at = 0; ;) {
    if (parts.length === MAX_RECORDS) return bad('its TLS handshake is in too many pieces');
    if (bytes[at] !== undefined && bytes[at] !== HANDSHAKE) return bad('it is no TLS');
    if (bytes[at + 1] !== undefined && bytes[at + 1] !== 3) return bad('it is no TLS');
    if (bytes.length < at + 5) return MORE;
    const size = bytes.readUInt16BE(at + 3);
    if (size === 0 || size > MAX_RECORD_BYTES) return bad('it is no TLS');
    const part = bytes.subarray(at + 5, at + 5 + size);
    parts.push(part);
    length += part.length;
    const message = Buffer.concat(parts, length);
    if (message[0] !== undefined && message[0] !== CLIENT_HELLO) return bad('it is no TLS');
    if (length >= 4) {
      const end = 4 + message.readUIntBE(1, 3);
      if (end > MAX_HELLO_BYTES) return bad('its TLS handshake is too long');
      if (length > end) return bad('its TLS handshake is damaged');
      if (length === end) return message.subarray(4);
    }
    if (part.length < size) return MORE;
    at += 5 + size;
  }
}

function readExtensions(fields: Fields): ClientHello {
  let serverName: string | null = null;
  const seen = new Set<number>();
  while (!fields.isAtEnd) {
    const type = fields.take(2)?.readUInt16BE() ?? -1;
    const data = fields.vector(2);
    if (data === null || seen.has(type)) return bad('its TLS handshake is damaged');
    seen.add(type);
    if (type === SERVER_NAME) {
      serverName = readServerName(data);
      if (serverName === null) return bad('its TLS handshake is damaged');
    }
  }
  return { type: 'hello', serverName, isHidden: seen.has(ENCRYPTED_HELLO) };
}

/** One name of the type host_name, as RFC 6066 has it. */
function readServerName(data: Buffer): string | null {
  const outer = new Fields(data);
  const list = outer.vector(2);
  if (list === null || !outer.isAtEnd) return null;
  const inner = new Fields(list);
  const type = inner.take(1)?.[0];
  const name = inner.vector(2);
  if (type !== 0 || name === null || !inner.isAtEnd) return null;
  const text = name.toString('latin1');
  return /^[A-Za-z0-9._-]{1,253}$/u.test(text) ? text.toLowerCase() : null;
}

/** Takes fields off bytes; null when there aren't so many. */
class Fields {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  take(count: number): Buffer | null {
    if (this.#at + count > this.#bytes.length) return null;
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  /** Bytes after their own length. */
  vector(lengthBytes: number): Buffer | null {
    const length = this.take(lengthBytes);
    return length === null ? null : this.take(length.readUIntBE(0, lengthBytes));
  }
}
