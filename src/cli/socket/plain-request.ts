/**
 * One HTTP request over a Unix socket, its answer read whole. Node's own client takes 20 ms to load,
 * which is as much as the rest of a short command.
 */

/** A request; the connection is closed after it. */
export interface PlainRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly token: string;
  readonly body?: string | undefined;
}

/** Its answer. */
export interface PlainAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** What would end a line, or part it: nothing in a path or token may. */
const NOT_PLAIN = /[^\x21-\x7e]/gu;

const END_OF_HEAD = '\r\n\r\n';

/** Asks; rejects with the socket's error, or when the connection ends before the answer does. */
export function askPlainly(socket: string, request: PlainRequest): Promise<PlainAnswer> {
  const { connect } = process.getBuiltinModule('node:net');
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const connection = connect(socket);
    connection.on('data', (chunk: Buffer) => chunks.push(chunk));
    connection.once('error', reject);
    connection.once('close', () => {
      const answer = readAnswer(Buffer.concat(chunks));
      if (answer !== undefined) resolve(answer);
      else reject(new Error('the connection was cut'));
    });
    // Not ended: a half that is closed reads as a caller that has gone.
    connection.write(requestBytes(request));
  });
}

function requestBytes({ method, path, token, body }: PlainRequest): Buffer {
  const lines = [
    `${method} ${path.replaceAll(NOT_PLAIN, encodeURIComponent)} HTTP/1.1`,
    'host: skein',
    'connection: close',
    `authorization: Bearer ${token.replaceAll(NOT_PLAIN, '')}`,
  ];
  const content = Buffer.from(body ?? '');
  if (body !== undefined) {
    lines.push('content-type: application/json', `content-length: ${content.length}`);
  }
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}${END_OF_HEAD}`), content]);
}

/** Undefined when it is not whole. */
export function readAnswer(bytes: Buffer): PlainAnswer | undefined {
  const headEnd = bytes.indexOf(END_OF_HEAD);
  if (headEnd < 0) return undefined;
  const [first = '', ...fields] = bytes.subarray(0, headEnd).toString('latin1').split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})/u.exec(first)?.[1]);
  const rest = bytes.subarray(headEnd + END_OF_HEAD.length);
  const valueOf = (name: string): string | undefined =>
    fields.find((field) => field.toLowerCase().startsWith(`${name}:`))?.slice(name.length + 1);
  if (!Number.isInteger(status)) return undefined;
  if (valueOf('transfer-encoding')?.trim().toLowerCase() === 'chunked') {
    const body = joinChunks(rest);
    return body === undefined ? undefined : { status, body };
  }
  const length = valueOf('content-length');
  if (length === undefined) return { status, body: rest };
  return rest.length < Number(length)
    ? undefined
    : { status, body: rest.subarray(0, Number(length)) };
}

/** RFC 9112, 7.1: sizes in hexadecimal, each on a line before its bytes; the last one is 0. */
function joinChunks(bytes: Buffer): Buffer | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16);
    if (size === 0) return Buffer.concat(chunks);
    const from = lineEnd + 2;
    if (!(size > 0) || bytes.length < from + size + 2) return undefined;
    chunks.push(bytes.subarray(from, from + size));
    at = from + size + 2;
  }
}
