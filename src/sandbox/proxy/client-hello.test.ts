/** The first message of TLS: real ones, cut and joined everywhere, and damaged by hand. */
import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import { connect, type ConnectionOptions } from 'node:tls';
import { MAX_HELLO_BYTES, readClientHello } from './client-hello.ts';

/** The bytes that a TLS client begins with. */
function helloOf(options: ConnectionOptions): Promise<Buffer> {
  return new Promise((resolve) => {
    const wire = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        resolve(chunk);
        done();
      },
    });
    const client = connect({ socket: wire, ...options });
    client.on('error', () => undefined);
  });
}

const join = (...parts: readonly Buffer[]): Buffer => Buffer.concat(parts);
const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
const sized = (body: Buffer): Buffer => join(u16(body.length), body);
const record = (body: Buffer): Buffer => join(Buffer.from([22, 3, 1]), sized(body));
const extension = (type: number, body: Buffer): Buffer => join(u16(type), sized(body));
const nameOf = (name: string): Buffer =>
  extension(0, sized(join(Buffer.from([0]), sized(Buffer.from(name)))));

/** A hello with just these extensions. */
function makeHello(extensions: Buffer, trailing: Buffer = Buffer.alloc(0)): Buffer {
  const start = join(u16(0x0303), Buffer.alloc(32), Buffer.from([0, 0, 2, 0x13, 1, 1, 0]));
  const body = join(start, sized(extensions), trailing);
  return join(Buffer.from([1, 0]), u16(body.length), body);
}

describe('the first message of TLS', () => {
  it('names the server, in TLS 1.2 and 1.3', async () => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const bytes = await helloOf({ servername: 'api.example.com', maxVersion });
      assert.deepEqual(readClientHello(bytes), {
        type: 'hello',
        serverName: 'api.example.com',
        isHidden: false,
      });
    }
    const nameless = readClientHello(await helloOf({}));
    assert.equal(nameless.type === 'hello' && nameless.serverName, null);
  });

  it('is waited for, byte by byte', async () => {
    const bytes = await helloOf({ servername: 'a.test' });
    for (let end = 0; end < bytes.length; end += 1) {
      assert.deepEqual(readClientHello(bytes.subarray(0, end)), { type: 'more' });
    }
  });

  it('is read over several records, and never as another name than its last byte says', () => {
    const message = makeHello(nameOf('a.test'));
    for (let at = 1; at < message.length; at += 1) {
      const split = join(record(message.subarray(0, at)), record(message.subarray(at)));
      assert.deepEqual(readClientHello(split), {
        type: 'hello',
        serverName: 'a.test',
        isHidden: false,
      });
    }
  });

  it('may not hide or double the name, or hold more than it says', () => {
    const name = nameOf('a.test');
    const hidden = readClientHello(
      record(makeHello(join(name, extension(0xfe0d, Buffer.alloc(9))))),
    );
    assert.ok(hidden.type === 'hello' && hidden.isHidden);
    const two = sized(
      join(Buffer.from([0]), sized(Buffer.from('a')), Buffer.from([0]), sized(Buffer.from('b'))),
    );
    const bad = [
      makeHello(join(name, nameOf('b.test'))),
      makeHello(extension(0, two)),
      makeHello(extension(0, Buffer.alloc(0))),
      makeHello(nameOf('a\0.test')),
      makeHello(nameOf('')),
      makeHello(name, Buffer.from([0])),
      join(makeHello(name), Buffer.from([20])),
      makeHello(name.subarray(1)),
    ];
    for (const message of bad) assert.equal(readClientHello(record(message)).type, 'bad');
  });

  it('is told from what is no TLS, and ends', () => {
    for (const text of ['GET / HTTP/1.1\r\n', 'SSH-2.0-x\r\n', '\u0016\u0003', '\u0016\u0002']) {
      const expected = text === '\u0016\u0003' ? 'more' : 'bad';
      assert.equal(readClientHello(Buffer.from(text)).type, expected, text);
    }
    const huge = join(Buffer.from([1, 0x10, 0, 0]), Buffer.alloc(1_000));
    assert.equal(readClientHello(record(huge)).type, 'bad');
    const tiny = Array.from({ length: 40 }, () => record(Buffer.from([1])));
    assert.equal(readClientHello(join(...tiny)).type, 'bad');
    assert.equal(readClientHello(join(record(Buffer.alloc(0)))).type, 'bad');
    assert.ok(MAX_HELLO_BYTES < 2 ** 20);
  });
});
