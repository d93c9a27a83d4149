/** T2: what a jail costs, and how soon all in it is dead, beside the same programs without a wall. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { openCommands } from '#sandbox/command/open-commands.ts';
import type { JailBackend, JailRequest } from '#sandbox/jail/jail.ts';
import { COMMAND_LIMITS } from '#sandbox/limits.ts';
import { assertSound } from '../support/bench-space.ts';
import { atMost, duration, scaled, type BenchOptions, type Finding } from '../report.ts';
import { takeTurns, type Contender } from '../rounds.ts';
import { timePlain } from './plain-program.ts';
import { notMeasured, type Setting } from './setting.ts';
import { timeRun } from './timed-run.ts';

const START_ROUNDS = 15;
const KILL_ROUNDS = 9;
const KILL_GOAL_MS = 200;

/** The part. */
export async function measureJails(setting: Setting, options: BenchOptions): Promise<Finding[]> {
  return [
    ...(await measureTrue(setting, scaled(options, START_ROUNDS, 5))),
    ...(await measureKills(setting, scaled(options, KILL_ROUNDS, 3))),
  ];
}

const requestOf = (argv: readonly string[]): JailRequest => ({
  argv,
  cwd: '/usr',
  environment: {},
  mounts: [],
  limits: COMMAND_LIMITS,
  stdio: ['ignore', 'pipe', 'ignore'],
});

async function measureTrue(setting: Setting, rounds: number): Promise<Finding[]> {
  const plainly = 'a plain start';
  const node = 'for comparison: node -e 0, since node puts up Landlock, p50';
  const whole = 'T2: a command, from its request to its result, p50';
  const figures = await takeTurns<string>(rounds, {
    [plainly]: () => timePlain(['true']),
    [node]: () => timePlain([process.execPath, '-e', '0']),
    ...jailContenders(setting, timeTrue),
    ...commandContender(setting, whole),
  });
  const plain = figures[plainly] ?? Number.NaN;
  const peer = `${plainly}: ${duration(plain)}`;
  const rows = setting.jails.map(({ name, jail, goalMs }): Finding => {
    if ('problem' in jail) return notMeasured(`T2: true in ${name}`, jail);
    const tookMs = figures[name] ?? Number.NaN;
    const added = tookMs - plain;
    return {
      work: `T2: true in ${name}, p50: ${duration(tookMs)}, so the jail adds`,
      figure: duration(added),
      peer,
      ratio: tookMs / plain,
      goal: atMost(added, goalMs, `${goalMs} ms`),
    };
  });
  const others = [node, whole].flatMap((work): Finding[] => {
    const tookMs = figures[work];
    return tookMs === undefined
      ? []
      : [{ work, figure: duration(tookMs), peer, ratio: tookMs / plain }];
  });
  return [...rows, ...others];
}

const jailContenders = (
  { jails }: Setting,
  time: (jail: JailBackend) => Promise<number>,
): Readonly<Record<string, Contender>> =>
  Object.fromEntries(
    jails.flatMap(({ name, jail }) => ('problem' in jail ? [] : [[name, () => time(jail)]])),
  );

async function timeTrue(jail: JailBackend): Promise<number> {
  const startedMs = performance.now();
  const jailed = jail.start(requestOf(['true']));
  jailed.stdout?.resume();
  const { exitCode } = await jailed.ended;
  assertSound(exitCode === 0, `true ended with ${exitCode} in ${jail.mechanism}`);
  return performance.now() - startedMs;
}

/** With a folder of its own and the tools of this machine's search path. */
function commandContender(
  { folder, jail }: Setting,
  name: string,
): Readonly<Record<string, Contender>> {
  if ('problem' in jail) return {};
  const tier = openCommands({
    jail,
    tier: 'T2',
    folder: join(folder, 'runs'),
    searchPath: process.env['PATH'] ?? '',
    forbidden: [folder],
  });
  return { [name]: () => timeRun(tier, { program: { type: 'command', argv: ['true'] } }) };
}

/** Three processes, two of them in the background. */
const FAMILY = ['sh', '-c', 'sleep 600 & sleep 600 & echo started; wait'];

async function measureKills({ jails }: Setting, rounds: number): Promise<Finding[]> {
  const present = { jails } as Setting;
  const plainly = 'SIGKILL to a plain process group';
  const figures = await takeTurns<string>(rounds, {
    [plainly]: timePlainKill,
    ...jailContenders(present, timeKill),
  });
  const plain = figures[plainly] ?? Number.NaN;
  return jails.flatMap(({ name, jail }) => {
    const tookMs = figures[name] ?? Number.NaN;
    if ('problem' in jail) return [];
    return {
      work: `T2: from kill to dead in ${name}, three processes, p50`,
      figure: duration(tookMs),
      peer: `${plainly}: ${duration(plain)}`,
      ratio: tookMs / plain,
      goal: atMost(tookMs, KILL_GOAL_MS, `${KILL_GOAL_MS} ms`),
    };
  });
}

async function timeKill(jail: JailBackend): Promise<number> {
  const jailed = jail.start(requestOf(FAMILY));
  assertSound(jailed.stdout !== null, 'a jail has no output');
  await once(jailed.stdout as NodeJS.ReadableStream, 'data');
  const startedMs = performance.now();
  await jailed.kill();
  await jailed.ended;
  return performance.now() - startedMs;
}

async function timePlainKill(): Promise<number> {
  const [file = '', ...args] = FAMILY;
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  const closed = once(child, 'close');
  await once(child.stdout, 'data');
  const startedMs = performance.now();
  process.kill(-(child.pid as number), 'SIGKILL');
  // All of them held the pipe: when it closes, all are gone.
  await closed;
  return performance.now() - startedMs;
}
