/** What a jailed program sees and may write is judged by what is on the disk of the host afterwards. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { after, describe, it } from 'node:test';
import { COMMAND_LIMITS } from '#sandbox/limits.ts';
import { PROXY_SOCKET } from '../jail.ts';
import type { JailBackend, JailRequest } from '../jail.ts';
import { toolchainMounts } from '../toolchain/toolchain-mounts.ts';
import { openBubblewrap } from './open-bubblewrap.ts';

const opened = await openBubblewrap();
const skip = 'problem' in opened ? `${opened.problem}. ${opened.fix}` : false;
const backend = opened as JailBackend;
const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'skein-mounts-')));
after(() => fs.rmSync(folder, { recursive: true }));

const work = path.join(folder, 'work');
fs.mkdirSync(path.join(work, '.git'), { recursive: true });
fs.writeFileSync(path.join(work, '.git/config'), 'old');
fs.writeFileSync(path.join(folder, 'secret'), 'canary');
fs.symlinkSync(path.join(folder, 'secret'), path.join(work, 'link'));

const WORK = { source: work, target: work, access: 'write' } as const;

const noRoot =
  'walls' in opened && opened.walls.includes('read-only-devices')
    ? false
    : 'only root owns the devices, where it may mount: run the tests as root';

async function run(
  argv: readonly string[],
  more: Partial<JailRequest>,
  { start } = backend,
): Promise<string> {
  const jailed = start({
    argv,
    cwd: work,
    environment: {},
    mounts: [WORK],
    limits: COMMAND_LIMITS,
    stdio: ['ignore', 'pipe', 2],
    ...more,
  });
  const out = jailed.stdout === null ? '' : await text(jailed.stdout);
  await jailed.ended;
  return out;
}

describe('what a jail of bubblewrap sees', { skip }, () => {
  it('is the folder it is given, to be written, and nothing beside it', async () => {
    const script = `echo new > file; cat link ../secret 2> /dev/null; ls ${folder}; id -u; hostname`;
    assert.equal(await run(['sh', '-c', script], {}), 'work\n60577\njail\n');
    assert.equal(fs.readFileSync(path.join(work, 'file'), 'utf8'), 'new\n');
    assert.equal(fs.statSync(path.join(work, 'file')).uid, process.getuid?.());
  });

  it('is a folder that can be read, in one that can be written, whatever the order', async () => {
    const git = path.join(work, '.git');
    const mounts: JailRequest['mounts'] = [
      { source: git, target: git, access: 'read' },
      { source: work, target: work, access: 'write' },
    ];
    const script =
      '(echo bad > .git/config; echo bad > .git/hook; mv .git old; rm -rf .git) 2> /dev/null; echo on';
    assert.equal(await run(['sh', '-c', script], { mounts }), 'on\n');
    assert.deepEqual(fs.readdirSync(git), ['config']);
    assert.equal(fs.readFileSync(path.join(git, 'config'), 'utf8'), 'old');
    // The twin: without that mount it is written.
    await run(['sh', '-c', 'echo bad > .git/config'], {});
    assert.equal(fs.readFileSync(path.join(git, 'config'), 'utf8'), 'bad\n');
  });

  it('is devices that are used and stay as they are, also for root', { skip: noRoot }, async () => {
    const before = fs.statSync('/dev/full');
    const node = process.execPath;
    const mounts = toolchainMounts({ path: path.dirname(node), forbidden: [folder] }).mounts;
    const script = `const fs = require('node:fs');
      const attempt = (act) => { try { act(); return 'did'; } catch { return 'not'; } };
      const now = new Date();
      fs.writeFileSync('/dev/null', 'x');
      console.log(fs.readFileSync(0).length, [
        () => fs.chmodSync('/dev/full', 0o777), () => fs.utimesSync('/dev/full', now, now),
        () => fs.utimesSync('/dev/fd/0', now, now), () => fs.utimesSync('/dev/null', 1, 1),
      ].map(attempt).join(' '));`;
    try {
      assert.equal(
        await run([node, '-e', script], { mounts: [...mounts, WORK] }),
        '0 not not not not\n',
      );
      assert.equal(fs.statSync('/dev/full').mode, before.mode);
      const free = await openBubblewrap({ devices: 'free' });
      assert.ok(!('problem' in free));
      assert.match(
        await run([node, '-e', script], { mounts: [...mounts, WORK] }, free),
        /^0 did did /u,
      );
      assert.notEqual(fs.statSync('/dev/full').mode, before.mode, 'the twin changes the host');
    } finally {
      fs.chmodSync('/dev/full', before.mode);
      fs.utimesSync('/dev/full', before.atime, before.mtime);
    }
  });

  it('has the tools of a search path, and the socket of the proxy', async () => {
    const server = net.createServer((socket) => socket.end('hello'));
    const proxySocket = path.join(folder, 'proxy');
    server.listen(proxySocket);
    await once(server, 'listening');
    const tools = toolchainMounts({
      path: `${path.dirname(process.execPath)}:/usr/bin:/bin`,
      forbidden: [folder],
    });
    const script = `require('node:net').connect('${PROXY_SOCKET}').pipe(process.stdout)`;
    const out = await run(['node', '--eval', script], {
      mounts: [{ source: work, target: work, access: 'write' }, ...tools.mounts],
      environment: { PATH: tools.path },
      proxySocket,
    });
    server.close();
    assert.equal(out, 'hello');
  });
});
