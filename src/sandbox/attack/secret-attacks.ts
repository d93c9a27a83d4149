/** Attacks on what is secret: the environment, command lines, open files, chance, the machine's name. */
import { javascript, makeAttacks, python, shell } from './make-attack.ts';

const DRAW = 'import random, uuid\nprint("drawn", random.random(), uuid.uuid4(), hash("skein"))';

/** All attacks on secrets. */
export const secretAttacks = makeAttacks('secrets', [
  {
    name: 'environment',
    python: () => python('import os\nprint(dict(os.environ))'),
    javascript: () =>
      javascript(
        'console.log(JSON.stringify(globalThis.Deno.env.toObject()))',
        'console.log(JSON.stringify(globalThis.process.env))',
        'console.log(JSON.stringify({ ...(await import("node:process")).env }))',
      ),
    shell: () => shell('env', 'set', 'export -p'),
  },
  {
    name: 'environment-of-others',
    python: () =>
      python(
        'import glob\nfor p in glob.glob("/proc/[0-9]*/environ") + ["/proc/self/environ"]:\n    try: print(open(p).read())\n    except OSError: pass',
      ),
    javascript: () =>
      javascript(
        'for (const p of ["self", "1", "thread-self"]) console.log(globalThis.Deno.readTextFileSync(`/proc/${p}/environ`))',
      ),
    shell: () => shell('cat /proc/*/environ'),
  },
  {
    name: 'command-lines',
    python: ({ victim }) =>
      python(
        'import glob\nfor p in glob.glob("/proc/[0-9]*/cmdline"):\n    try: print(open(p).read())\n    except OSError: pass',
        `print(open("/proc/${victim}/cmdline").read())`,
      ),
    shell: ({ victim }) => shell('cat /proc/*/cmdline', 'ps axww', `cat /proc/${victim}/cmdline`),
  },
  {
    name: 'open-files',
    python: () =>
      python(
        'import os\nfor n in range(3, 64):\n    try: print(n, os.read(n, 0), os.pread(n, 100, 0))\n    except OSError: pass',
        'import os\nfor n in os.listdir("/proc/self/fd"):\n    try: print(n, os.readlink("/proc/self/fd/" + n))\n    except OSError: pass',
      ),
    shell: () => shell('ls -l /proc/self/fd', 'for n in 3 4 5 6 7 8 9; do head -c 100 <&$n; done'),
    judge: (runs, { folder }) =>
      runs.some(({ stdout }) => stdout.text.includes(folder)) ? 'it has a path of the host' : null,
  },
  {
    name: 'chance-repeats',
    python: () => [python(DRAW), python(DRAW)],
    javascript: () => {
      const program = javascript('console.log("drawn " + Math.random())');
      return [program, program];
    },
    judge: (runs) => {
      const [a, b] = runs.map(({ stdout }) => /drawn (\S+)/u.exec(stdout.text)?.[1]);
      return a !== undefined && a === b ? 'two runs had the same chance' : null;
    },
  },
  {
    name: 'host-name',
    tiers: ['T0', 'T1', 'T1+'],
    python: () =>
      python(
        'import platform, socket\nprint("name", platform.node())\nprint("name", socket.gethostname())',
      ),
    javascript: () =>
      javascript(
        'console.log("name " + globalThis.Deno.hostname())',
        'console.log("name " + (await import("node:os")).hostname())',
        'console.log("name " + JSON.stringify((await import("node:process")).report.getReport()))',
      ),
    judge: (runs, { hostName }) =>
      hostName.length > 3 && runs.some(({ stdout }) => stdout.text.includes(hostName))
        ? 'it has the name of the machine'
        : null,
  },
]);
