/** What walls add to a check of a mission, in a worktree as a mission has it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { makeJailHost } from '#daemon/programs/jail-host.ts';
import { runCheck } from '#workspace/checks/run-check.ts';
import { OPEN_HOST } from '#workspace/programs/open-host.ts';
import type { ProgramHost } from '#workspace/programs/program-host.ts';
import { assertSound } from '../support/bench-space.ts';
import { makeRepository } from '../support/many-files.ts';
import { duration, scaled, type BenchOptions, type Finding } from '../report.ts';
import { takeTurns } from '../rounds.ts';
import { notMeasured, type Setting } from './setting.ts';

const ROUNDS = 11;
const SIZE = { files: 500, uses: 20 } as const;

/** The part. */
export async function measureChecks(
  { folder, jails }: Setting,
  options: BenchOptions,
): Promise<Finding[]> {
  const repository = join(folder, 'repository');
  const worktree = join(folder, 'worktree');
  const scratch = join(folder, 'scratch');
  for (const each of [repository, scratch]) mkdirSync(each);
  makeRepository(repository, SIZE);
  execFileSync('git', ['worktree', 'add', '--detach', worktree], {
    cwd: repository,
    stdio: 'ignore',
  });
  const closed = { home: homedir(), folders: [join(folder, 'home')] };
  const held = jails.flatMap(({ name, jail }) =>
    'problem' in jail ? [] : [[name, makeJailHost({ jail, closed, scratch })] as const],
  );
  const hosts = [['open', OPEN_HOST] as const, ...held];
  const { open = Number.NaN, ...figures } = await takeTurns<string>(
    scaled(options, ROUNDS, 3),
    Object.fromEntries(hosts.map(([name, host]) => [name, () => timeCheck(worktree, host)])),
  );
  return jails.map(({ name, jail }) => {
    const work = `a check of a mission, true, in ${name}, p50`;
    if ('problem' in jail) return notMeasured(work, jail);
    const tookMs = figures[name] ?? Number.NaN;
    const peer = `the same check without walls: ${duration(open)}`;
    return { work, figure: duration(tookMs), peer, ratio: tookMs / open };
  });
}

async function timeCheck(cwd: string, host: ProgramHost): Promise<number> {
  const startedMs = performance.now();
  const check = { name: 'nothing', command: 'true' };
  const { exitCode, output } = await runCheck({ cwd, check, startedAt: 0, host });
  const tookMs = performance.now() - startedMs;
  assertSound(exitCode === 0, `the check ended with ${exitCode}: ${output}`);
  return tookMs;
}
