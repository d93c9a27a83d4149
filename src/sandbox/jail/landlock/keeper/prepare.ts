/** What the copy needs to become the program, made before it is there: it may not do much itself. */
import { accessSync, constants, readdirSync, readFileSync, statSync } from 'node:fs';
import { native, words } from './calls.ts';
import type { KeeperOrder } from './keeper-order.ts';
import { KERNEL } from './kernel.ts';
import { makeMounts, openGroup } from './mounts.ts';
import { programRules } from './rules.ts';

/** All of it; `file` is the number of an error when there is no such program. */
export interface Prepared {
  readonly rules: number | null;
  readonly file: string | number;
  readonly argv: BigUint64Array;
  readonly environment: BigUint64Array;
  readonly filter: { readonly program: BigUint64Array; readonly code: Buffer } | null;
  readonly limits: readonly (readonly [number, BigUint64Array])[];
  readonly join: readonly number[];
  readonly cwd: string;
}

/** Prepares an order. */
export function prepare(order: KeeperOrder): Prepared {
  const join = order.join.map((file) => openGroup(order, file));
  makeMounts(order);
  const code = order.filter === null ? null : Buffer.from(order.filter, 'base64');
  return {
    rules: programRules(order),
    file: findProgram(order),
    argv: native.textList(order.argv),
    environment: native.textList(order.environment),
    filter: code && { program: words(code.length / 8, native.addressOf(code)), code },
    limits: allLimits(order).map(([resource, value]) => [resource, words(value, value)]),
    join,
    cwd: order.cwd,
  };
}

function allLimits(order: KeeperOrder): KeeperOrder['processLimits'] {
  const { processes, processLimits, sweep } = order;
  if (processes === null) return processLimits;
  const others = sweep === 'scope' ? ownTasks() : 0;
  return [...processLimits, [KERNEL.LIMIT_PROCESSES, processes + others]];
}

/** The program's file, found as a shell finds it; the number of an error when there is none. */
function findProgram(order: KeeperOrder): string | number {
  const [name = ''] = order.argv;
  if (name.includes('/')) return name;
  const search = order.environment.find((entry) => entry.startsWith('PATH='))?.slice(5) ?? '';
  let error: number = KERNEL.ENOENT;
  for (const folder of search.split(':').filter((each) => each.startsWith('/'))) {
    const file = `${folder}/${name}`;
    if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) continue;
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      error = KERNEL.EACCES;
    }
  }
  return error;
}

/** The tasks of this user that run already: the kernel counts them all together. */
function ownTasks(): number {
  const uid = process.getuid?.();
  let tasks = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (statSync(`/proc/${pid}`).uid !== uid) continue;
      const status = readFileSync(`/proc/${pid}/status`, 'latin1');
      tasks += Number(/^Threads:\s*(\d+)/m.exec(status)?.[1] ?? 0);
    } catch {
      // It has ended meanwhile.
    }
  }
  return tasks;
}
