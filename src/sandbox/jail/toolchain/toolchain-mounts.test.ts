/** Tools work in a jail only if all that they need is seen, and are safe only if nothing else is. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { systemMounts } from './system-mounts.ts';
import { toolchainMounts } from './toolchain-mounts.ts';

const home = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'skein-tools-')));
after(() => fs.rmSync(home, { recursive: true }));

const at = (...parts: readonly string[]): string => path.join(home, ...parts);

function program(...parts: readonly string[]): string {
  const file = at(...parts);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, '#!/bin/sh\n', { mode: 0o755 });
  return file;
}

function link(target: string, ...parts: readonly string[]): void {
  fs.mkdirSync(path.dirname(at(...parts)), { recursive: true });
  fs.symlinkSync(target, at(...parts));
}

const look = (folders: readonly string[], forbidden: readonly string[] = []) =>
  toolchainMounts({ path: folders.join(':'), forbidden, home });

const read = (source: string, target = source) => ({ source, target, access: 'read' as const });

describe('the mounts of a toolchain', () => {
  it('need nothing for the tools of the system', () => {
    const found = look(['/usr/bin', '/no/such/folder', 'relative']);
    assert.deepEqual(
      found.mounts.filter(({ target }) => target.startsWith('/usr')),
      [],
    );
    assert.equal(found.path, '/usr/bin');
  });

  it('show the whole installation of a folder of programs', () => {
    program('.nvm/versions/v26/bin/node');
    fs.mkdirSync(at('.nvm/versions/v26/lib'));
    const folder = at('.nvm/versions/v26/bin');
    assert.deepEqual(look([folder]).mounts, [read(at('.nvm/versions/v26'))]);
    assert.equal(look([folder]).path, folder);
  });

  it('show all modules of a project for its programs', () => {
    program('project/node_modules/tool/cli.js');
    link('../tool/cli.js', 'project/node_modules/.bin/tool');
    assert.deepEqual(look([at('project/node_modules/.bin')]).mounts, [
      read(at('project/node_modules')),
    ]);
  });

  it('follow links to where a tool really is', () => {
    program('.local/share/venvs/black/bin/black');
    fs.mkdirSync(at('.local/share/venvs/black/lib'));
    program('.local/share/keyrings/open');
    fs.mkdirSync(at('.local/lib'));
    link('../share/venvs/black/bin/black', '.local/bin/black');
    link('../share/keyrings/open', '.local/bin/open');
    assert.deepEqual(look([at('.local/bin')]).mounts, [
      read(at('.local/bin')),
      read(at('.local/share/venvs/black')),
      read(at('.local/share/keyrings/open')),
    ]);
  });

  it('keep the name of a folder that is itself a link', () => {
    program('versions/7/bin/tool');
    link('versions/7', 'current');
    assert.deepEqual(look([at('current/bin')]).mounts, [
      read(at('versions/7/bin')),
      read(at('versions/7/bin'), at('current/bin')),
    ]);
  });

  it('never show the home folder, what is closed, or what holds it', () => {
    program('bin/own');
    fs.mkdirSync(at('lib'));
    program('closed/bin/tool');
    program('holder/bin/tool');
    fs.mkdirSync(at('holder/lib/secret'), { recursive: true });
    const forbidden = [at('closed'), at('holder/lib/secret')];
    const found = look([home, at('bin'), at('closed/bin'), at('holder/bin')], forbidden);
    assert.deepEqual(found.mounts, [read(at('bin')), read(at('holder/bin'))]);
    assert.deepEqual(
      found.leftOut.map((each) => each.path),
      [home, at('closed/bin')],
    );
    // The twin: what is closed to one is shown where nobody closes it.
    assert.deepEqual(look([at('closed/bin')]).mounts, [read(at('closed/bin'))]);
  });

  it('do not follow a link to what is no program', () => {
    fs.writeFileSync(at('password'), 'secret', { mode: 0o600 });
    link('../password', 'tools/password');
    assert.deepEqual(look([at('tools')]).mounts, [read(at('tools'))]);
  });
});

describe('the mounts of the system', () => {
  it('are to be read, are there, and tell nothing of its users', () => {
    const { mounts, links } = systemMounts();
    assert.ok(mounts.every(({ source, access }) => access === 'read' && fs.existsSync(source)));
    const targets = [...mounts.map(({ target }) => target), ...links.map((each) => each.path)];
    assert.ok(targets.includes('/usr'));
    for (const closed of ['/', '/etc', '/etc/passwd', '/etc/shadow', '/home', '/root', '/var']) {
      assert.ok(!targets.includes(closed), closed);
    }
  });
});
