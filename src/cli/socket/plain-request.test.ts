/** A request by hand says and hears the same as one of Node's own client, from a real server. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { askPlainly, readAnswer } from './plain-request.ts';

describe('a plain request', () => {
  const folder = mkdtempSync(join(tmpdir(), 'skein-plain-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  let sockets = 0;

  async function serve(
    answer: (request: IncomingMessage, response: ServerResponse) => void,
  ): Promise<{ readonly socket: string; readonly close: () => void }> {
    sockets += 1;
    const socket = join(folder, `${sockets}.sock`);
    const server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    return { socket, close: () => void server.close() };
  }

  it('says what it has to say, to a real server, and nothing in it begins a line', async () => {
    const heard: string[] = [];
    const { socket, close } = await serve((request, response) => {
      heard.push(`${request.method} ${request.url} ${request.headers.authorization}`);
      heard.push(String(request.headers['x-evil']));
      request.setEncoding('utf8').on('data', (chunk: string) => heard.push(chunk));
      request.once('end', () => response.end('ä done'));
    });
    const path = '/a b\r\nx-evil: 1\r\n';
    const token = 't\r\nx-evil: 1';
    const answer = await askPlainly(socket, { method: 'POST', path, token, body: '{"ä":1}' });
    assert.deepEqual([answer.status, answer.body.toString()], [200, 'ä done']);
    assert.deepEqual(heard, [
      'POST /a%20b%0D%0Ax-evil:%201%0D%0A Bearer tx-evil:1',
      'undefined',
      '{"ä":1}',
    ]);
    close();
  });

  it('reads an answer in chunks of any size, and one of another status', async () => {
    const { socket, close } = await serve((_request, response) => {
      response.statusCode = 404;
      for (let index = 0; index < 50; index += 1) response.write(`${'x'.repeat(index)}\r\n`);
      response.end();
    });
    const answer = await askPlainly(socket, { method: 'GET', path: '/', token: 't' });
    assert.equal(answer.status, 404);
    assert.equal(answer.body.length, (49 * 50) / 2 + 100);
    close();
  });

  it('takes no answer for whole that was cut', async () => {
    const whole = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
    const chunks = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';
    assert.equal(readAnswer(Buffer.from(whole))?.body.toString(), 'hello');
    assert.equal(readAnswer(Buffer.from(chunks))?.body.toString(), 'hello');
    for (let length = 0; length < whole.length; length += 1) {
      assert.equal(readAnswer(Buffer.from(whole.slice(0, length))), undefined);
    }
    // The line that ends the chunks says that they are whole.
    for (let length = 0; length < chunks.indexOf('0\r\n\r\n') + 3; length += 1) {
      assert.equal(readAnswer(Buffer.from(chunks.slice(0, length))), undefined, `${length}`);
    }
    const socket = join(folder, 'cut.sock');
    const server = createSocketServer((connection) => {
      connection.once('data', () => connection.end(whole.slice(0, -1)));
    });
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    const asked = askPlainly(socket, { method: 'GET', path: '/', token: 't' });
    await assert.rejects(asked, /the connection was cut/u);
    server.close();
  });
});
