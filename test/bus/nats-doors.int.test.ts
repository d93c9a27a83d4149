/** Who is let into a NATS server, and who is refused in words that help: nkey, creds, token, TLS. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import { listen, makeMessage, refuses, until } from '#bus/conformance/stage.ts';
import type { NatsAuth, NatsTls } from '#bus/nats/nats-options.ts';
import { deriveKey } from '#identity/derive-key.ts';
import { nkeySigner, publicNkey, seedNkey } from '#identity/nkey.ts';
import { makeSigner } from '#identity/signer.ts';
import type { SkeinError } from '#protocol/errors.ts';
import { topicSubject } from '#protocol/subjects.ts';
import { skipWithoutNats, startNats, type NatsServer } from './nats-server.ts';
import { openNats } from './open-nats.ts';

const TOPIC = topicSubject('doors', 'a');
const folder = mkdtempSync(join(tmpdir(), 'skein-doors-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const newKey = (): KeyObject => generateKeyPairSync('ed25519').privateKey;

async function start(context: TestContext, config: string): Promise<NatsServer> {
  const server = await startNats(config);
  context.after(() => server.stop());
  return server;
}

/** A message goes round: whoever is let in can work. */
async function enters(server: NatsServer, auth?: NatsAuth, tls?: NatsTls): Promise<void> {
  const options = { ...(auth && { auth }), ...(tls && { tls }) };
  const opened = await openNats([server.address], options);
  const heard = listen(opened.bus, TOPIC);
  await opened.bus.publish(makeMessage(TOPIC, 'inside'));
  await until({ limitMs: 5_000 }, 'its own message', () => heard.bodies.length === 1);
  await opened.close();
}

const isRefused = async (server: NatsServer, name: string, auth?: NatsAuth): Promise<void> =>
  assert.rejects(openNats([server.address], auth && { auth }), (error: SkeinError) => {
    assert.deepEqual([error.name, error.message.includes(server.address)], [name, true]);
    return true;
  });

describe('a NATS server with nkeys', { skip: skipWithoutNats }, () => {
  it('lets the derived key of a node in, and no other', async (context) => {
    const node = newKey();
    const signer = nkeySigner(deriveKey(node, 'nats'));
    const server = await start(context, `authorization { users = [ { nkey: ${signer.nkey} } ] }`);
    await enters(server, { type: 'nkey', signer });
    await isRefused(server, 'unauthorized', { type: 'nkey', signer: nkeySigner(node) });
    await isRefused(server, 'unauthorized');
    const forged = { nkey: signer.nkey, sign: nkeySigner(node).sign };
    await isRefused(server, 'unauthorized', { type: 'nkey', signer: forged });
  });
});

describe('a NATS server with secrets', { skip: skipWithoutNats }, () => {
  it('asks for the token', async (context) => {
    const server = await start(context, 'authorization { token: "s3cret" }');
    await enters(server, { type: 'token', token: 's3cret' });
    await isRefused(server, 'unauthorized', { type: 'token', token: 'other' });
  });

  it('asks for user and password, and refuses subjects that the user may not use', async (context) => {
    const server = await start(
      context,
      `authorization { users = [ { user: a, password: b, permissions: {
         publish: ["skein.doors.>", "_INBOX.>"], subscribe: ["skein.doors.>", "_INBOX.>"] } } ] }`,
    );
    const auth = { type: 'password', user: 'a', password: 'b' } as const;
    await enters(server, auth);
    await isRefused(server, 'unauthorized', { ...auth, password: 'c' });
    const { bus, reported, close } = await openNats([server.address], { auth });
    const elsewhere = topicSubject('elsewhere', 'a');
    listen(bus, elsewhere);
    await bus.publish(makeMessage(elsewhere, 1));
    await until({ limitMs: 5_000 }, 'the refusals', () => reported().length >= 2);
    assert.ok(reported().every(({ name }) => name === 'subject-forbidden'));
    await refuses(() => bus.request(makeMessage(elsewhere, 1), 5_000), 'subject-forbidden');
    await close();
  });
});

/** A JWT as NATS has them, signed by `issuer`. */
function jwt(issuer: KeyObject, by: string, subject: string, nats: object): string {
  const encode = (value: object): string =>
    Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { jti: 'x', iat: 1_700_000_000, iss: by, sub: subject, name: subject, nats };
  const text = `${encode({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encode(claims)}`;
  return `${text}.${sign(null, Buffer.from(text), issuer).toString('base64url')}`;
}

describe('a NATS server with credentials', { skip: skipWithoutNats }, () => {
  it('lets in who has the file, while it is private', async (context) => {
    const [operator, account, user, stranger] = [newKey(), newKey(), newKey(), newKey()];
    const [o, a] = [
      publicNkey(makeSigner(operator).key, 'operator'),
      publicNkey(makeSigner(account).key, 'account'),
    ];
    const u = nkeySigner(user).nkey;
    const all = { subs: -1, data: -1, payload: -1 };
    const limits = { ...all, conn: -1, leaf: -1, imports: -1, exports: -1, wildcards: true };
    const accountJwt = jwt(operator, o, a, { limits, type: 'account', version: 2 });
    const server = await start(
      context,
      `operator: ${jwt(operator, o, o, { type: 'operator', version: 2 })}
       resolver: MEMORY
       resolver_preload: { ${a}: ${accountJwt} }`,
    );
    const credsOf = (name: string, by: KeyObject): string => {
      const file = join(folder, name);
      const userJwt = jwt(by, a, u, { ...all, pub: {}, sub: {}, type: 'user', version: 2 });
      writeFileSync(
        file,
        `-----BEGIN NATS USER JWT-----\n${userJwt}\n------END NATS USER JWT------\n
-----BEGIN USER NKEY SEED-----\n${seedNkey(user)}\n------END USER NKEY SEED------\n`,
        { mode: 0o600 },
      );
      return file;
    };
    const file = credsOf('user.creds', account);
    await enters(server, { type: 'creds', file });
    await isRefused(server, 'unauthorized', { type: 'creds', file: credsOf('x', stranger) });
    chmodSync(file, 0o644);
    await refuses(
      () => openNats([server.address], { auth: { type: 'creds', file } }),
      'key-permissions',
    );
    const none = join(folder, 'none');
    writeFileSync(none, 'nothing', { mode: 0o600 });
    await refuses(
      () => openNats([server.address], { auth: { type: 'creds', file: none } }),
      'key-invalid',
    );
  });
});

const skipWithoutTls =
  skipWithoutNats ||
  (spawnSync('openssl', ['version']).status === 0 ? false : 'no openssl: apt-get install openssl');

/** An authority and a certificate for an address, in files named so. */
function certify(name: string, address = '127.0.0.1'): { ca: string; cert: string; key: string } {
  const at = (end: string): string => join(folder, `${name}-${end}.pem`);
  const openssl = (...words: string[]): void =>
    void execFileSync('openssl', words, { stdio: 'pipe' });
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const authority = ['-x509', '-days', '2', '-subj', '/CN=ca', '-keyout', at('ca-key')];
  openssl('req', ...ec, ...authority, '-out', at('ca'));
  const own = ['-x509', '-days', '2', '-subj', `/CN=${address}`, '-keyout', at('key')];
  const names = ['-addext', `subjectAltName=IP:${address}`, '-addext', 'basicConstraints=CA:FALSE'];
  const signed = ['-CA', at('ca'), '-CAkey', at('ca-key')];
  openssl('req', ...ec, ...own, ...names, ...signed, '-out', at('cert'));
  return { ca: at('ca'), cert: at('cert'), key: at('key') };
}

describe('a NATS server with TLS', { skip: skipWithoutTls }, () => {
  it('is used when its authority is known, and a client shows its own certificate', async (context) => {
    const [ours, theirs] = [certify('ours'), certify('theirs')];
    const files = `cert_file: "${ours.cert}", key_file: "${ours.key}", ca_file: "${ours.ca}"`;
    const server = await start(context, `tls { ${files}, verify: true }`);
    const mine = { caFile: ours.ca, certFile: ours.cert, keyFile: ours.key };
    await enters(server, undefined, mine);
    const elsewhere = certify('elsewhere', '10.0.0.1');
    const wrong = [
      { ...mine, caFile: theirs.ca },
      { caFile: ours.ca },
      { ...mine, certFile: theirs.cert, keyFile: theirs.key },
      { ...mine, caFile: join(folder, 'gone.pem') },
    ];
    for (const tls of wrong)
      await refuses(
        () => openNats([server.address], { tls, connectTimeoutMs: 1_000 }),
        'bus-disconnected',
      );
    const other = await start(
      context,
      `tls { cert_file: "${elsewhere.cert}", key_file: "${elsewhere.key}" }`,
    );
    await assert.rejects(openNats([other.address], { tls: { caFile: elsewhere.ca } }), {
      name: 'bus-disconnected',
      message: /10\.0\.0\.1/,
    });
  });

  it('is never done without when it was asked for', async (context) => {
    const plain = await start(context, '');
    await enters(plain);
    await assert.rejects(openNats([plain.address], { tls: {} }), /tls/i);
  });
});

describe('a NATS server that is not there', { skip: skipWithoutNats }, () => {
  it('is named, with what to do', async () => {
    await assert.rejects(openNats(['127.0.0.1:1']), {
      name: 'bus-disconnected',
      message: /127\.0\.0\.1:1.*refused/,
      fix: /Start/,
    });
    await refuses(() => openNats([]), 'usage');
  });

  it('or takes too small messages is refused', async (context) => {
    const server = await start(context, 'max_payload: 64KB');
    await assert.rejects(openNats([server.address]), { name: 'usage', fix: /max_payload/ });
  });
});
