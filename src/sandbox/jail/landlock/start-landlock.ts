/** One jail of Landlock from its start to its end: orders it from a keeper, and waits until all is dead. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import type { Duplex } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { Group } from '../cgroup/cgroup.ts';
import type { Jailed, JailEnd, JailRequest } from '../jail.ts';
import { jailedChild } from '../jailed-child.ts';
import type { KeeperAnswer, KeeperOrder } from './keeper/keeper-order.ts';
import { landlockOrder } from './landlock-order.ts';
import type { LandlockWays } from './landlock-ways.ts';
import { keeperArguments } from './keeper-source.ts';
import { makeTemporary } from './temporary-folder.ts';

const CONTROL = 3;
const ANSWER_LIMIT = 16_384;
const WATCH_MS = 200;
const POLL_MS = 2;
/** A keeper that was told to end and does not is killed; the rest dies with it. */
const OBEY_LIMIT_MS = 5_000;
const DEATH_LIMIT_MS = 60_000;

/** Starts a jail. Throws `usage` or `sandbox-unavailable` for a request that can't be. */
export function startLandlock(ways: LandlockWays, request: JailRequest): Jailed {
  const temporary = makeTemporary();
  let group: Group | null = null;
  try {
    // The copy that becomes the program is one process; a keeper stays outside.
    group = ways.groups?.open(request.limits) ?? null;
    const order = landlockOrder(ways, request, { temporary, group });
    const surroundings = { order, group, temporary, cpuMs: request.limits.cpuMs };
    return new LandlockJail(spawnKeeper(ways, request), surroundings).jailed;
  } catch (cause) {
    group?.remove();
    fs.rmSync(temporary, { recursive: true, force: true });
    throw cause;
  }
}

function spawnKeeper(ways: LandlockWays, request: JailRequest): ChildProcess {
  const [file = '', ...args] = [...ways.command, process.execPath, ...keeperArguments()];
  // A session of its own, and nothing in its environment: a program may be able to read that.
  return spawn(file, args, {
    env: {},
    cwd: '/',
    detached: true,
    stdio: [...request.stdio, 'pipe'],
  });
}

interface Surroundings {
  readonly order: KeeperOrder;
  readonly group: Group | null;
  readonly temporary: string;
  readonly cpuMs: number;
}

class LandlockJail {
  readonly jailed: Jailed;
  readonly #child: ChildProcess;
  readonly #control: Duplex;
  readonly #with: Surroundings;
  #said = '';
  #killed = false;
  #exited = false;

  constructor(child: ChildProcess, surroundings: Surroundings) {
    this.#child = child;
    this.#with = surroundings;
    this.#control = child.stdio[CONTROL] as Duplex;
    this.#control.setEncoding('utf8');
    this.#control.on('data', (text: string) => {
      if (this.#said.length < ANSWER_LIMIT) this.#said += text;
    });
    // A keeper that was killed closes its end whenever it wants.
    this.#control.on('error', () => {});
    this.#control.write(`${JSON.stringify(surroundings.order)}\n`);
    this.jailed = jailedChild(child, { ended: this.#end(), kill: () => this.#kill() });
  }

  #answers(): KeeperAnswer[] {
    return readAnswers(this.#said);
  }

  #kill(): void {
    if (this.#killed) return;
    // What had ended before was not killed.
    this.#killed = !this.#answers().some(({ type }) => type === 'ended');
    this.#with.group?.kill();
    // The end of the stream is the order to end: the keeper knows best who is there.
    this.#control.end();
    const timer = setTimeout(() => {
      if (!this.#exited) this.#child.kill('SIGKILL');
    }, OBEY_LIMIT_MS);
    timer.unref();
    this.#child.once('exit', () => clearTimeout(timer));
  }

  async #end(): Promise<JailEnd> {
    const watch = setInterval(() => this.#watch(), WATCH_MS);
    watch.unref();
    try {
      await this.#exit();
      const usage = await this.#clear();
      const answers = this.#answers();
      const failed = answers.find((answer) => answer.type === 'failed');
      const began = answers.some((answer) => answer.type === 'began');
      if (!began && !this.#killed) throw explain(failed);
      const ended = answers.find((answer) => answer.type === 'ended');
      const isNatural = ended !== undefined && !this.#killed;
      return {
        exitCode: isNatural ? ended.exitCode : null,
        signal: isNatural ? nameOf(ended.signal) : 'SIGKILL',
        oom: usage?.oom ?? false,
        cpuMs: usage?.cpuMs ?? ended?.cpuMs ?? null,
        peakBytes: usage?.peakBytes ?? null,
      };
    } finally {
      clearInterval(watch);
    }
  }

  async #exit(): Promise<void> {
    try {
      await once(this.#child, 'exit');
      // Its last words, and the end of all that keeps the other end.
      if (!this.#control.readableEnded && !this.#control.destroyed) {
        await Promise.race([
          once(this.#control, 'close'),
          wait(DEATH_LIMIT_MS, null, { ref: false }),
        ]);
      }
    } catch (cause) {
      const message = `Cannot start a jail: ${toSkeinError(cause).message}`;
      throw new SkeinError('sandbox-failed', message, { cause });
    } finally {
      this.#exited = true;
      this.#control.destroy();
    }
  }

  /** Takes away the folder and the group; what is in the group still is killed. */
  async #clear(): Promise<ReturnType<Group['usage']> | null> {
    const { group, temporary } = this.#with;
    const deadline = Date.now() + DEATH_LIMIT_MS;
    const usage = group?.usage() ?? null;
    while (group?.remove() === false) {
      if (Date.now() > deadline) throw undying();
      group.kill();
      await wait(POLL_MS);
    }
    await fs.promises.rm(temporary, { recursive: true, force: true });
    return usage;
  }

  /** The kernel counts the time of one process; that of all together is counted here. */
  #watch(): void {
    const used = this.#with.group?.usage().cpuMs ?? 0;
    if (used > this.#with.cpuMs) this.#kill();
  }
}

const undying = (): SkeinError =>
  new SkeinError('sandbox-failed', 'Cannot end a jail: its processes do not die', {
    fix: 'Look for processes in an uninterruptible wait (state D), for example of a network disk',
  });

function readAnswers(said: string): KeeperAnswer[] {
  return said
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as KeeperAnswer);
}

const nameOf = (number: number | null): NodeJS.Signals | null =>
  number === null
    ? null
    : ((Object.entries(os.constants.signals).find(([, each]) => each === number)?.[0] ??
        'SIGKILL') as NodeJS.Signals);

function explain(failed: (KeeperAnswer & { readonly type: 'failed' }) | undefined): SkeinError {
  const what =
    failed === undefined
      ? 'its keeper ended without a word'
      : `${failed.step} failed${failed.error === 0 ? '' : ` (error ${failed.error} of the kernel)`}`;
  return new SkeinError('sandbox-failed', `Cannot start a jail of Landlock: ${what}`, {
    fix: 'Install bubblewrap 0.6 or later: apt install bubblewrap, dnf install bubblewrap',
  });
}
