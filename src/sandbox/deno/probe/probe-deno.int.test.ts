/**
 * The probe, on the tier as it is and on its twins: the same driver, but Deno has all permissions and
 * nobody gives them up. There every attempt has to come through, or the probe would prove nothing; and in
 * a jail those that reach for the host have to be held, or the second wall would be none.
 */
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openBubblewrap } from '#sandbox/jail/bubblewrap/open-bubblewrap.ts';
import type { JailBackend } from '#sandbox/jail/jail.ts';
import { openDeno } from '../open-deno.ts';
import type { DenoTier } from '../open-deno.ts';
import { findRuntimeFiles } from '../runtime/runtime-files.ts';
import type { RuntimeFiles } from '../runtime/runtime-files.ts';

const found = findRuntimeFiles();
const skip = 'problem' in found ? `${found.problem}. ${found.fix}` : false;

// kept between test runs: what is built there costs 15 s of processor time, and is checked at each use
const CACHE = path.resolve(import.meta.dirname, '../../../../node_modules/.cache/skein-sandbox');

async function openTier(files = found, jail?: JailBackend): Promise<DenoTier> {
  const inJail = jail === undefined ? {} : { jail };
  const tier = await openDeno({ cacheFolder: CACHE, pool: 0, files, ...inJail });
  assert.ok(!('problem' in tier));
  return tier;
}

/** A Deno that takes its permissions for granted, and a driver that keeps them and shows the disk. */
async function takeWallsDown(files: RuntimeFiles, folder: string): Promise<RuntimeFiles> {
  const driver = await openDriver(files, folder);
  const deno = path.join(folder, 'deno');
  const script = `#!/bin/sh
for argument do
  shift
  case "$argument" in
    --allow-*) ;;
    run) set -- "$@" run --allow-all --unstable-raw-imports ;;
    *) set -- "$@" "$argument" ;;
  esac
done
DENO_DIR='${folder}/kept' exec '${files.deno}' "$@"
`;
  await writeFile(deno, script, { mode: 0o755 });
  return { ...files, deno, driver };
}

/** The jail as it is, and in it a Deno that takes its permissions for granted. */
const aroundOpenDeno = (jail: JailBackend): JailBackend => ({
  ...jail,
  start: (request) =>
    jail.start({
      ...request,
      argv: request.argv
        .filter((argument) => !argument.startsWith('--allow-'))
        .flatMap((argument) =>
          argument === 'run' ? ['run', '--allow-all', '--unstable-raw-imports'] : [argument],
        ),
      environment: { ...request.environment, DENO_DIR: '/tmp/kept' },
    }),
});

/** A driver that keeps the permissions it has, and shows programs the disk. */
async function openDriver(files: RuntimeFiles, folder: string): Promise<string> {
  const driver = path.join(folder, 'driver');
  await cp(files.driver, driver, { recursive: true });
  await change(
    path.join(driver, 'main.ts'),
    '  for (const name of PERMISSIONS) deno',
    '  void ((name: string) => deno',
  );
  await change(path.join(driver, 'main.ts'), '({ name });', '({ name }));');
  await change(
    path.join(driver, 'javascript.ts'),
    /throw problem\(`Cannot find module.*/,
    'return next(specifier, context);',
  );
  const mount =
    'interface Mounting { filesystems: { NODEFS: unknown }; mount(...parts: unknown[]): void } const fs = python.FS as never as Mounting; fs.mount(fs.filesystems.NODEFS, { root: "/tmp" }, "/tmp");';
  await change(
    path.join(driver, 'python.ts'),
    'python.FS.mkdirTree(WORK);',
    `python.FS.mkdirTree(WORK); ${mount}`,
  );
  return driver;
}

async function change(file: string, from: string | RegExp, to: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  assert.notEqual(text.replace(from, to), text, `${file} has changed: change its twin`);
  await writeFile(file, text.replace(from, to));
}

describe('the walls of the tier', { skip }, () => {
  let folder = '';
  before(async () => {
    folder = await realpath(await mkdtemp(path.join(tmpdir(), 'skein-deno-walls-')));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('hold against every attempt of the probe', async () => {
    const tier = await openTier();
    const report = await tier.probe();
    await tier.close();
    assert.deepEqual(
      report.attempts.filter(({ held }) => !held),
      [],
    );
    assert.equal(report.holds, true);
  });

  it('are what holds: without them every attempt comes through', async () => {
    assert.ok(!('problem' in found));
    const files = await takeWallsDown(found, folder);
    const tier = await openTier(files);
    const report = await tier.probe();
    await tier.close();
    assert.equal(report.holds, false);
    const held = report.attempts.filter((attempt) => attempt.held).map(({ attack }) => attack);
    assert.deepEqual(held, ['python runs', 'javascript runs']);
  });
});

const bubblewrap = await openBubblewrap();
const missing = 'problem' in found ? found : bubblewrap;

describe(
  'the second wall, when the first is gone',
  {
    skip: 'problem' in missing ? `${missing.problem}. ${missing.fix}` : false,
  },
  () => {
    let folder = '';
    let inJail: DenoTier;
    let bare: DenoTier;
    before(async () => {
      assert.ok(!('problem' in found) && !('problem' in bubblewrap));
      folder = await realpath(await mkdtemp(path.join(tmpdir(), 'skein-deno-walls-')));
      const open = await takeWallsDown(found, folder);
      inJail = await openTier({ ...open, deno: found.deno }, aroundOpenDeno(bubblewrap));
      bare = await openTier(open);
    });
    after(async () => {
      await Promise.all([inJail.close(), bare.close()]);
      await rm(folder, { recursive: true, force: true });
    });

    it('holds all that reaches for the host: its files, its network, its processes', async () => {
      const report = await inJail.probe();
      const open = report.attempts.filter(({ held }) => !held).map(({ attack }) => attack);
      // these reach what is the program's own in a jail: an environment that was made for it, its library
      assert.deepEqual(open, ['environment', 'environment-proc', 'foreign-function']);
    });

    it('holds what reaches for the daemon: its socket and its process', async () => {
      const socket = path.join(folder, 'daemon.sock');
      let connections = 0;
      const server = createServer((peer) => {
        connections += 1;
        peer.on('error', () => undefined).destroy();
      });
      await new Promise<void>((resolve) => server.listen(socket, resolve));
      const source = `
import { connect } from 'node:net';
import { readFileSync, existsSync } from 'node:fs';
await new Promise((resolve) => connect({ path: ${JSON.stringify(socket)} }).on('connect', resolve).on('error', resolve));
const memory = '/proc/${process.pid}/environ';
export default [existsSync(${JSON.stringify(socket)}), existsSync(memory) && readFileSync(memory).length > 0];`;
      const run = ({ run: start }: DenoTier) =>
        start({ program: { type: 'code', language: 'javascript', source } }).result;
      const jailed = await run(inJail);
      assert.deepEqual([jailed.value, connections], ['[false,false]', 0], jailed.stderr.text);
      const unjailed = await run(bare);
      await new Promise((resolve) => server.close(resolve));
      const sees = process.platform === 'linux';
      assert.deepEqual([unjailed.value, connections], [`[true,${sees}]`, 1], unjailed.stderr.text);
    });
  },
);
