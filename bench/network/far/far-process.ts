/** The other process of a bench: asks it by name, and hears how much has arrived there. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { SkeinError } from '#protocol/errors.ts';
import type { Answer, Question } from './far-serve.ts';

/** A program at work in a process of its own. */
export interface FarProcess {
  readonly ask: <T>(name: string, ...values: readonly unknown[]) => Promise<T>;
  /** Called with how much has arrived since it was called last. */
  onArrived: (count: number) => void;
  readonly stop: () => Promise<void>;
}

/** Starts `program` of this folder. */
export function startFar(program: string): FarProcess {
  const child = fork(fileURLToPath(new URL(program, import.meta.url)));
  const open = new Map<number, (answer: Answer) => void>();
  let calls = 0;
  const far: FarProcess = {
    ask: async <T>(name: string, ...values: readonly unknown[]) => {
      calls += 1;
      const { promise, resolve } = Promise.withResolvers<Answer>();
      open.set(calls, resolve);
      child.send({ call: calls, name, values } satisfies Question);
      const { value, problem } = await promise;
      if (problem !== undefined) throw new SkeinError('internal', `Cannot measure: ${problem}`);
      return value as T;
    },
    onArrived: () => undefined,
    stop: async () => {
      if (child.exitCode !== null) return;
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
  child.on('message', (message: Answer | { readonly arrived: number }) => {
    if ('arrived' in message) return far.onArrived(message.arrived);
    open.get(message.call)?.(message);
    open.delete(message.call);
  });
  child.on('exit', (code) => {
    for (const [call, end] of open) end({ call, problem: `the other process ended: ${code}` });
    open.clear();
  });
  return far;
}
