/** Attacks with processes: to end others, to start some, to outlive the run, to look into one. */
import type { AttackRuns } from './attack.ts';
import { javascript, makeAttacks, python, shell } from './make-attack.ts';

/** Processes that no run may have; a run is given 64. */
const MOST_FORKS = 300;

/** The number that a program printed after `word`; 0 when it printed none. */
const told = (runs: AttackRuns, word: string): number =>
  Math.max(
    0,
    ...runs.map(({ stdout }) =>
      Number(new RegExp(`${word} (\\d+)`, 'u').exec(stdout.text)?.[1] ?? 0),
    ),
  );

const FORKS = `import os, time
n = 0
try:
    for i in range(${MOST_FORKS}):
        if os.fork() == 0:
            time.sleep(3)
            os._exit(0)
        n += 1
finally:
    print("forked", n, flush=True)`;

/** All attacks with processes. */
export const processAttacks = makeAttacks('processes', [
  {
    name: 'kill-others',
    python: ({ victim }) => python(`import os\nos.kill(${victim}, 9)`),
    javascript: ({ victim }) =>
      javascript(
        `globalThis.Deno.kill(${victim}, "SIGKILL")`,
        `globalThis.process.kill(${victim}, 9)`,
        `(await import("node:process")).kill(${victim}, 9)`,
      ),
    shell: ({ victim }) => shell(`kill -9 ${victim}`),
  },
  {
    name: 'start-programs',
    tiers: ['T0', 'T1', 'T1+'],
    python: ({ folder }) =>
      python(
        `import subprocess\nsubprocess.run(["touch", "${folder}/planted"])`,
        `import os\nos.posix_spawn("/usr/bin/touch", ["touch", "${folder}/planted"], {})`,
      ),
    javascript: ({ folder }) =>
      javascript(
        `new globalThis.Deno.Command("touch", { args: ["${folder}/planted"] }).outputSync()`,
        `(await import("node:child_process")).execSync("touch ${folder}/planted")`,
        `new (await import("node:worker_threads")).Worker("require('child_process').execSync('touch ${folder}/planted')", { eval: true })`,
      ),
  },
  {
    // It ends the whole interpreter of some tiers, so it has a run of its own.
    name: 'system-call',
    python: ({ folder }) => python(`import os\nos.system("touch ${folder}/planted")`),
  },
  {
    name: 'foreign-functions',
    python: ({ folder }) =>
      python(`import ctypes\nctypes.CDLL(None).system(b"touch ${folder}/planted")`),
    javascript: ({ folder }) =>
      javascript(
        `globalThis.Deno.dlopen("libc.so.6", { system: { parameters: ["buffer"], result: "i32" } }).symbols.system(new TextEncoder().encode("touch ${folder}/planted\\0"))`,
      ),
  },
  {
    name: 'outlive',
    python: ({ marker }) =>
      python(
        `import os, sys, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(60)", "${marker}"])\n    os._exit(0)`,
      ),
    shell: ({ marker }) =>
      shell(
        `setsid sh -c 'while :; do sleep 1; done' ${marker} >/dev/null 2>&1 &`,
        `nohup sh -c 'while :; do sleep 1; done' ${marker} >/dev/null 2>&1 &`,
      ),
  },
  {
    name: 'outlive-its-limit',
    tiers: ['T2', 'T3'],
    limits: { wallMs: 1_500 },
    shell: ({ marker }) =>
      shell(
        `trap '' TERM INT HUP; setsid sh -c 'trap "" TERM; while :; do sleep 1; done' ${marker} & while :; do sleep 1; done`,
      ),
  },
  {
    name: 'fork-many',
    tiers: ['T2', 'T3'],
    limits: { processes: 64, wallMs: 10_000 },
    python: () => python(FORKS),
    judge: (runs) => (told(runs, 'forked') >= MOST_FORKS ? `it has ${MOST_FORKS} processes` : null),
  },
  {
    name: 'trace-others',
    tiers: ['T2', 'T3'],
    python: ({ victim }) =>
      python(
        `import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nprint("traced", 1 if libc.ptrace(16, ${victim}, 0, 0) == 0 else 0)`,
        `print("traced", len(open("/proc/${victim}/mem", "rb+").read(0)) + 1)`,
      ),
    judge: (runs) => (told(runs, 'traced') > 0 ? 'it looks into a process of the host' : null),
  },
]);
