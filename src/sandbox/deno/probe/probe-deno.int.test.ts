/**
 * The probe, on the tier as it is and on its twin: the same driver, but Deno has all permissions and
 * nobody gives them up. There every attempt has to come through, or the probe would prove nothing.
 */
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openDeno } from '../open-deno.ts';
import type { DenoTier } from '../open-deno.ts';
import { findRuntimeFiles } from '../runtime/runtime-files.ts';
import type { RuntimeFiles } from '../runtime/runtime-files.ts';

const found = findRuntimeFiles();
const skip = 'problem' in found ? `${found.problem}. ${found.fix}` : false;

// kept between test runs: what is built there costs 15 s of processor time, and is checked at each use
const CACHE = path.resolve(import.meta.dirname, '../../../../node_modules/.cache/skein-sandbox');

async function openTier(cacheFolder: string, files = found): Promise<DenoTier> {
  const tier = await openDeno({ cacheFolder, pool: 0, files });
  assert.ok(!('problem' in tier));
  return tier;
}

/** A Deno that takes its permissions for granted, and a driver that keeps them and shows the disk. */
async function takeWallsDown(files: RuntimeFiles, folder: string): Promise<RuntimeFiles> {
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
    const tier = await openTier(CACHE);
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
    const tier = await openTier(CACHE, files);
    const report = await tier.probe();
    await tier.close();
    assert.equal(report.holds, false);
    const held = report.attempts.filter((attempt) => attempt.held).map(({ attack }) => attack);
    assert.deepEqual(held, ['python runs', 'javascript runs']);
  });
});
