/**
 * A repository full of attacks, and a rename in it with all its checks and hooks: behind walls nothing
 * of it gets out. Its twin has no walls, and there every attack does what it wants.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { makeJailHost } from '#daemon/programs/jail-host.ts';
import { openJail } from '#sandbox/jail/open-jail.ts';
import { tempFolder, type TempRepository } from '#workspace/fixtures/temp-repository.ts';
import { diagnoseChange } from '#workspace/language/diagnose-change.ts';
import { planRename } from '#workspace/language/plan-rename.ts';
import { startServer } from '#workspace/language/servers/server-process.ts';
import { OPEN_HOST } from '#workspace/programs/open-host.ts';
import type { ProgramHost } from '#workspace/programs/program-host.ts';
import { greeterRepository, RENAME } from '../support/line-repository.ts';
import { openHome, told, WITHOUT_WALLS, type SkeinHome } from '../support/run-skein.ts';
import { ATTACKERS, CHECKS, openTarget, poisonedRepository, type Target } from './poison.ts';

const found = await openJail();
const skip =
  found.jail === null
    ? `no jail holds here: ${found.reports.map(({ problem, fix }) => `${problem}. ${fix}`).join('; ')}`
    : false;

const targets: Target[] = [];
after(() => targets.forEach(({ close }) => close()));

interface Attacked {
  readonly target: Target;
  readonly repository: TempRepository;
  readonly skein: SkeinHome;
  /** What the plan says of its walls. */
  readonly isolation: string;
}

/** Renames in a poisoned repository, which must work: nobody notices an attack by a failure. */
async function renameIn(skein: SkeinHome): Promise<Attacked> {
  const target = await openTarget(skein.person);
  targets.push(target);
  const repository = poisonedRepository(target);
  const checks = CHECKS.flatMap((check) => ['--check', check]);
  const run = ['run', RENAME, '--repo', repository.top, '--yes', '--hooks', ...checks];
  const done = await skein.run(...run);
  assert.equal(done.code, 0, told(done));
  const branch = /^branch (\S+)/mu.exec(done.stdout)?.[1] ?? '';
  assert.match(repository.git('show', `${branch}:src/main.ts`), /welcome\('Ada'\)/u);
  const shown = await skein.run('show', '--json');
  const isolation = /"isolation":\s*"([^"]*)"/u.exec(shown.stdout)?.[1] ?? told(shown);
  return { target, repository, skein, isolation };
}

/** Files below some folders that hold a text, but for the canary itself. */
function holding(text: string, { canary }: Target['aim'], ...folders: string[]): string[] {
  const visit = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return visit(path);
      return entry.isFile() && path !== canary && has(path, text) ? [path] : [];
    });
  return folders.flatMap(visit);
}

const has = (path: string, text: string): boolean =>
  statSync(path).size > 0 && readFileSync(path).includes(text);

describe('a rename in a repository full of attacks', { skip }, () => {
  it('lets nothing of them out, though each is made', { timeout: 300_000 }, async () => {
    const { target, repository, skein, isolation } = await renameIn(openHome());
    assert.match(isolation, /^T2/u);
    const { aim, secret } = target;
    for (const name of ATTACKERS) {
      assert.notDeepEqual(holding(`tried ${name}`, aim, skein.home), [], `${name} had its turn`);
    }
    assert.deepEqual(target.heard(), [], 'reached the listener');
    assert.deepEqual(target.marked(), [], 'wrote into the home');
    assert.deepEqual(target.left(), [], 'left a process');
    assert.deepEqual(holding(secret, aim, skein.person, repository.top), [], 'know the secret');
  });

  it('has no walls in its twin, and all of them get out', { timeout: 300_000 }, async () => {
    const { target, skein, isolation } = await renameIn(openHome(WITHOUT_WALLS));
    assert.equal(isolation, 'none');
    assert.deepEqual(target.heard(), ATTACKERS);
    assert.deepEqual(target.marked(), ATTACKERS);
    assert.ok(target.left().length >= ATTACKERS.length);
    assert.notDeepEqual(holding(target.secret, target.aim, skein.home), []);
  });
});

/** A host with walls, as a node makes it. */
const walled = (): ProgramHost => {
  assert.ok(found.jail !== null);
  const closed = { home: tempFolder(), folders: [] };
  return makeJailHost({ jail: found.jail, closed, scratch: tempFolder() });
};

describe('the language servers behind walls', { skip }, () => {
  const CONFIGS = {
    'typescript-7': '{ "compilerOptions": { "module": "nodenext", "types": [] } }',
    'typescript-6':
      '{ "compilerOptions": { "baseUrl": ".", "module": "nodenext", "types": [], "ignoreDeprecations": "6.0" } }',
  };
  for (const [engine, config] of Object.entries(CONFIGS)) {
    it(`answer as they do without (${engine})`, { timeout: 300_000 }, async () => {
      const { top: root } = greeterRepository({ 'tsconfig.json': config });
      const files = ['tsconfig.json', 'src/greet.ts', 'src/main.ts', 'src/process.d.ts'];
      const names = { from: 'greet', to: 'welcome' };
      const asked = { root, files, ...names, keepExports: false, timeoutMs: 200_000 };
      const open = await planRename(asked);
      const host = walled();
      const behind = await planRename({ ...asked, host });
      assert.ok(behind.type === 'planned');
      assert.equal(behind.engine, engine);
      assert.equal(behind.edits.length, 2);
      assert.deepEqual(behind, open);
      // What breaks is found too: the walls hide no file that it takes.
      const [edit] = behind.edits.filter(({ path }) => path === 'src/greet.ts');
      assert.ok(edit !== undefined);
      const broken = { root, files, edits: [edit] };
      const errors = await diagnoseChange({ ...broken, host });
      assert.deepEqual(errors, await diagnoseChange(broken));
      assert.deepEqual(
        errors.map(({ path, code }) => [path, code]),
        [['src/main.ts', 2305]],
      );
    });
  }

  it('hold a server that attacks, and its twin without them does not', async () => {
    const start = async (host: ProgramHost): Promise<Target & { readonly wrote: boolean }> => {
      const home = tempFolder();
      const target = await openTarget(home);
      targets.push(target);
      const { top: root } = poisonedRepository(target);
      const script = 'node attack.cjs bin; echo > written';
      const server = await startServer({
        name: 'a server',
        argv: ['/bin/sh', '-c', script],
        root,
        tools: [],
        host,
        timeoutMs: 60_000,
        memoryMb: 64,
      });
      await new Promise((ended) => server.onEnd(ended));
      await server.dispose();
      return { ...target, wrote: existsSync(join(root, 'written')) };
    };
    const held = await start(walled());
    assert.deepEqual([held.heard(), held.marked(), held.left(), held.wrote], [[], [], [], false]);
    const free = await start(OPEN_HOST);
    assert.deepEqual([free.heard(), free.marked(), free.wrote], [['bin'], ['bin'], true]);
    assert.notDeepEqual(free.left(), []);
  });
});
