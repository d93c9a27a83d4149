/** The recipe `rename a to b` on the example: what is left open, found on the way, and settled. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { before, beforeEach, describe, it } from 'node:test';
import { openTemp, tempFolder, type TempRepository } from '#workspace/fixtures/temp-repository.ts';
import { openRepository } from '#workspace/git/open-repository.ts';
import { diagnoseChange } from '#workspace/language/diagnose-change.ts';
import type { FileEdit } from '#workspace/language/language.ts';
import { parseSource } from '#workspace/language/syntax/parse-source.ts';
import { OPEN_HOST } from '#workspace/programs/open-host.ts';
import type { Lookout, PlannedChange, Strategy } from '../recipe.ts';
import { renameSymbol } from './rename-symbol.ts';

const EXAMPLE = path.join(import.meta.dirname, '../../../examples/orders');
const GOAL = 'rename total to orderTotal';
const REPORT = 'scripts/report.ts';
const FAILURE = { event: '', task: '', what: 'unexpected\nand more', paths: [REPORT] };

function makeOrders(): TempRepository {
  const folder = tempFolder();
  const top = path.join(folder, 'orders');
  const isOwn = (source: string): boolean => path.basename(source) !== 'node_modules';
  fs.cpSync(EXAMPLE, top, { recursive: true, filter: isOwn });
  const modules = path.join(top, 'node_modules/@orders');
  fs.mkdirSync(modules, { recursive: true });
  for (const name of fs.readdirSync(path.join(top, 'packages'))) {
    fs.symlinkSync(`../../packages/${name}`, path.join(modules, name));
  }
  const repository = openTemp(folder, top);
  repository.git('init', '--quiet');
  repository.commit('A small shop');
  return repository;
}

describe('renameSymbol on the orders', () => {
  let orders: TempRepository;
  let files: readonly string[];
  const { signal } = new AbortController();
  before(() => {
    orders = makeOrders();
    files = orders.git('ls-files', '-z').split('\0').filter(Boolean);
  });
  beforeEach(() => void orders.git('checkout', '--quiet', '.'));

  const plan = async (...strategies: Strategy[]): Promise<PlannedChange> => {
    const repository = await openRepository(orders.top);
    const options = { keepExports: false, merge: false, hooks: false, checks: [] };
    const { top: root } = orders;
    const asked = { root, files, repository, base: 'HEAD', options, strategies, signal };
    return renameSymbol.plan(GOAL, { ...asked, host: OPEN_HOST });
  };
  const write = (edits: readonly FileEdit[]): void => {
    for (const edit of edits) orders.write(edit.path, edit.after);
  };
  const lookout = ({ edits, listed }: PlannedChange): Lookout => {
    const planned = new Set(edits.map((edit) => edit.path));
    return { root: orders.top, files, signal, planned, listed };
  };
  const look = async (change: PlannedChange): Promise<string[]> => {
    const found = (await renameSymbol.look?.(GOAL, lookout(change))) ?? [];
    return found.map((at) => `${at.path}:${at.line}`);
  };
  const report = (): string => {
    const done = spawnSync(process.execPath, [REPORT], { cwd: orders.top, encoding: 'utf8' });
    return done.status === 0 ? done.stdout : 'failed';
  };

  it('leaves the report open, with the plain edit that a parser refuses', async () => {
    const change = await plan();
    const { open = [], plain = [], edits, warnings } = change;
    assert.deepEqual(
      open.map((at) => `${at.path}:${at.line}`),
      [`${REPORT}:2`, `${REPORT}:12`, `${REPORT}:18`],
    );
    assert.deepEqual(
      plain.map((edit) => edit.path),
      [REPORT],
    );
    const text = plain[0]?.after.toString() ?? '';
    assert.equal(parseSource(REPORT, text, true).errors.length, 1);
    assert.equal(
      parseSource(REPORT, fs.readFileSync(path.join(orders.top, REPORT), 'utf8'), true).errors
        .length,
      0,
    );
    assert.equal(edits.length, 7);
    assert.match(warnings.at(-1) ?? '', /^scripts\/report\.ts:2 uses it too; the plain rename/);
  });

  it('sees on the way what is left open, and nothing else', async () => {
    const change = await plan();
    const everything = await look({ ...change, listed: [] });
    assert.deepEqual(await look(change), [`${REPORT}:2`, `${REPORT}:12`, `${REPORT}:18`]);
    write(change.edits);
    assert.deepEqual(await look(change), [`${REPORT}:2`, `${REPORT}:12`, `${REPORT}:18`]);
    // Without the list of what stays, other words would be taken for uses.
    assert.ok(everything.length > 3);
  });

  it('diagnoses it, and knows nothing of a file in which the name fits', async () => {
    const at = lookout(await plan());
    assert.deepEqual(await renameSymbol.diagnose?.(GOAL, FAILURE, at), {
      finding: `${REPORT}:12 declares orderTotal already`,
      strategy: 'import-alias',
      paths: [REPORT],
    });
    const paths = ['packages/cart/src/cart.ts', 'packages/pricing/src/total.ts'];
    const other = await renameSymbol.diagnose?.(GOAL, { ...FAILURE, paths }, at);
    assert.deepEqual(other, { finding: 'unexpected', strategy: null, paths });
  });

  it('settles it with the strategy: the report prints the same, and no type error is new', async () => {
    const [first, second] = [await plan(), await plan({ name: 'import-alias', paths: [REPORT] })];
    const newErrors = async ({ edits, names }: PlannedChange): Promise<number> =>
      (await diagnoseChange({ root: orders.top, files, edits, ...names })).length;
    assert.deepEqual([second.open, second.plain, await newErrors(second)], [[], [], 0]);
    const printed = report();
    write(second.edits);
    assert.equal(report(), printed);
    assert.match(printed, /^total: 150\.00 EUR$/m);
    assert.deepEqual(await look(second), []);
    // The plan that leaves it open is not enough, nor is another strategy.
    orders.git('checkout', '--quiet', '.');
    assert.equal(await newErrors(first), 1);
    assert.deepEqual(await plan({ name: 'other', paths: [REPORT] }), first);
  });
});
