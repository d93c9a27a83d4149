/** Machine processes that wait warm for a run, so that a run does not wait for the start of Node. */
import type { MachineProcess } from './start-machine.ts';

/** Waiting processes. One is handed out once, and is the taker's to kill. */
export interface MachinePool {
  /** A process with at most so many pages of memory; started now when none waits. Rejects as it does. */
  readonly take: (maxMemoryPages: number) => Promise<MachineProcess>;
  /** Kills those that wait and those that were taken. */
  readonly close: () => Promise<void>;
}

/** Keeps `size` processes with `maxMemoryPages` ready; others are started when they are asked for. */
export function openMachinePool(options: {
  readonly size: number;
  readonly maxMemoryPages: number;
  readonly start: (maxMemoryPages: number) => MachineProcess;
}): MachinePool {
  const waiting: MachineProcess[] = [];
  const alive = new Set<MachineProcess>();
  let isClosed = false;

  const start = (maxMemoryPages: number): MachineProcess => {
    const process = options.start(maxMemoryPages);
    alive.add(process);
    void process.ended.then(() => {
      alive.delete(process);
      const at = waiting.indexOf(process);
      if (at >= 0) waiting.splice(at, 1);
    });
    return process;
  };
  const refill = (): void => {
    if (isClosed) return;
    for (let missing = options.size - waiting.length; missing > 0; missing -= 1) {
      waiting.push(start(options.maxMemoryPages));
    }
  };
  refill();
  return {
    take: async (maxMemoryPages) => {
      const process =
        maxMemoryPages === options.maxMemoryPages
          ? (waiting.shift() ?? start(maxMemoryPages))
          : start(maxMemoryPages);
      // Once the taker's process is dead: until then the processor is the run's.
      void process.ended.then(refill);
      await process.ready;
      return process;
    },
    close: async () => {
      isClosed = true;
      await Promise.all([...alive].map((process) => process.kill()));
    },
  };
}
