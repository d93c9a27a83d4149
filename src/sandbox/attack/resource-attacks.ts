/** Attacks that use up time, memory, output, files: a run has to end, in time, with what it was given. */
import type { AttackRuns } from './attack.ts';
import { javascript, makeAttacks, python, shell, type Idea } from './make-attack.ts';

const MEGABYTE = 1024 * 1024;
const WALL_MS = 2_500;

/** Memory that no run of 256 MB may get, in steps of 50 MB. */
const TOO_MUCH = 1_200;

/** The largest number that was printed after `got`. */
const got = (runs: AttackRuns): number =>
  Math.max(
    0,
    ...runs.flatMap(({ stdout }) =>
      Array.from(stdout.text.matchAll(/got (\d+)/gu), ([, digits]) => Number(digits)),
    ),
  );

const mustNotEndWell: NonNullable<Idea['judge']> = (runs) =>
  runs.every(({ status }) => status !== 'ok') ? null : 'it ended as if nothing had happened';

const notTooMuch: NonNullable<Idea['judge']> = (runs) =>
  got(runs) >= TOO_MUCH ? `it got ${got(runs)} MB` : null;

const endless = (name: string, programs: Partial<Idea>): Idea => ({
  name,
  limits: { wallMs: WALL_MS },
  judge: mustNotEndWell,
  ...programs,
});

const hungry = (name: string, programs: Partial<Idea>): Idea => ({
  name,
  limits: { memoryBytes: 256 * MEGABYTE, wallMs: 15_000 },
  judge: notTooMuch,
  ...programs,
});

const flood = (name: string, programs: Partial<Idea>): Idea => ({
  name,
  limits: { outputBytes: 64 * 1024, wallMs: 15_000 },
  judge: (runs) => {
    const kept = Math.max(
      ...runs.flatMap(({ stdout, stderr }) => [stdout.text.length, stderr.text.length]),
    );
    return kept > 200 * 1024 ? `${kept} characters were kept` : mustNotEndWell(runs, NO_AIMS);
  },
  ...programs,
});

// What these judges don't look at.
const NO_AIMS = {} as Parameters<NonNullable<Idea['judge']>>[1];

/** How much of what was left came out. */
const leftWithin =
  (files: number, bytes: number): NonNullable<Idea['judge']> =>
  (runs) => {
    const changed = runs.flatMap((run) => run.changed);
    const size = changed.reduce((sum, { content }) => sum + (content?.length ?? 0), 0);
    return changed.length > files || size > bytes
      ? `${changed.length} files of ${size} bytes came out`
      : null;
  };

/** All attacks on resources. */
export const resourceAttacks = makeAttacks('resources', [
  endless('loop', {
    python: () => python('while True: pass'),
    javascript: () => javascript('for (;;) {}'),
    shell: () => shell('while :; do :; done'),
  }),
  endless('stubborn-loop', {
    python: () =>
      'print("begun", flush=True)\ndef again():\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass\nagain()',
    javascript: () =>
      javascript(
        'const again = () => { for (;;) { try { for (;;) {} } catch {} finally { again; } } }; again()',
      ),
    shell: () => shell("trap '' TERM INT HUP QUIT; while :; do :; done"),
  }),
  endless('slow-pattern', {
    python: () => python('import re\nre.match(r"(a+)+$", "a" * 60 + "b")\nwhile True: pass'),
    javascript: () => javascript('/(a+)+$/.test("a".repeat(60) + "b"); for (;;) {}'),
  }),
  endless('sleep', {
    python: () => python('import time\ntime.sleep(1e6)'),
    javascript: () => javascript('await new Promise(() => {}); for (;;) {}'),
    shell: () => shell('sleep 100000'),
  }),
  endless('slow-sort', {
    javascript: () => javascript('[3, 2, 1].sort(() => { for (;;) {} })'),
  }),
  hungry('memory', {
    python: () =>
      python(
        `held = []\nfor n in range(1, 31):\n    held.append(bytearray(50 * 2**20))\n    print("got", n * 50, flush=True)`,
      ),
    javascript: () =>
      javascript(
        'const held = []; for (let n = 1; n <= 30; n += 1) { held.push(new Uint8Array(50 * 2 ** 20).fill(1)); console.log("got " + n * 50); }',
      ),
  }),
  hungry('small-objects', {
    python: () =>
      python(
        `held = []\nfor n in range(1, 31):\n    held.append([(i,) for i in range(500000)])\n    print("got", n * 50, flush=True)`,
      ),
    javascript: () =>
      javascript(
        'const held = []; for (let n = 1; n <= 30; n += 1) { held.push(Array.from({ length: 900000 }, (_, i) => ({ i }))); console.log("got " + n * 50); }',
      ),
  }),
  hungry('long-text', {
    python: () =>
      python(
        's = "x" * 2**20\nfor n in range(12):\n    s += s\n    print("got", len(s) >> 20, flush=True)',
      ),
  }),
  hungry('web-assembly', {
    tiers: ['T1', 'T1+'],
    javascript: () =>
      javascript(
        'const held = []; for (let n = 1; n <= 30; n += 1) { const m = new WebAssembly.Memory({ initial: 800 }); new Uint8Array(m.buffer).fill(1); held.push(m); console.log("got " + n * 50); }',
      ),
  }),
  hungry('memory-of-many', {
    tiers: ['T2', 'T3'],
    python: () =>
      python(
        'import os, time\nfor n in range(8):\n    if os.fork() == 0:\n        held = bytearray(150 * 2**20)\n        os.write(1, b"child has it\\n")\n        time.sleep(3)\n        os._exit(0)',
        'import os\nfor n in range(8): os.wait()',
      ),
    judge: (runs) => {
      const count = runs.flatMap(({ stdout }) => stdout.text.match(/child has it/gu) ?? []).length;
      return count * 150 >= TOO_MUCH ? `its processes have ${count * 150} MB together` : null;
    },
  }),
  {
    name: 'recursion',
    limits: { wallMs: 10_000 },
    judge: mustNotEndWell,
    python: () =>
      'print("begun", flush=True)\nimport sys\nsys.setrecursionlimit(10**9)\ndef f(n): return f(n + 1) + 1\nf(0)',
    javascript: () => 'console.log("begun"); const f = (n) => f(n + 1) + 1; f(0);',
  },
  flood('output', {
    python: () => python('while True: print("x" * 1000)'),
    javascript: () => javascript('for (;;) console.log("x".repeat(1000))'),
    shell: () => shell('yes'),
  }),
  flood('error-output', {
    python: () => python('import sys\nwhile True: sys.stderr.write("x" * 1000)'),
    javascript: () => javascript('for (;;) console.error("x".repeat(1000))'),
    shell: () => 'echo begun; yes >&2',
  }),
  flood('output-without-lines', {
    python: () => python('import sys\nwhile True: sys.stdout.buffer.write(b"\\0\\xff" * 5000)'),
    shell: () => shell('cat /dev/zero'),
  }),
  {
    name: 'many-files',
    limits: { outFiles: 100, wallMs: 20_000 },
    judge: leftWithin(100, Number.MAX_SAFE_INTEGER),
    python: () => python('for n in range(2000): open(f"f{n}", "w").write("x")'),
    shell: () => shell('i=0; while [ $i -lt 2000 ]; do echo x > f$i; i=$((i+1)); done'),
  },
  {
    name: 'large-file',
    limits: { outBytes: MEGABYTE, wallMs: 20_000 },
    judge: leftWithin(10, MEGABYTE),
    python: () => python('open("large", "wb").write(b"x" * (40 * 2**20))'),
    shell: () => shell('head -c 41943040 /dev/zero > large'),
  },
  {
    name: 'fill-folders',
    tiers: ['T2', 'T3'],
    limits: {
      temporaryBytes: 64 * MEGABYTE,
      sharedBytes: 16 * MEGABYTE,
      fileBytes: 50 * MEGABYTE,
      wallMs: 30_000,
    },
    shell: () =>
      shell(
        ...['/tmp', '/dev/shm', '/', '/dev', '/run', '/var/tmp', '/etc'].map(
          (folder) =>
            `n=0; while [ $n -lt 6 ] && head -c 40000000 /dev/zero > ${folder}/skein-fill-$n; do n=$((n+1)); done; rm -f ${folder}/skein-fill-*; echo got $((n*40))`,
        ),
      ),
    judge: (runs) => (got(runs) > 128 ? `it filled a folder with ${got(runs)} MB` : null),
  },
  {
    name: 'many-workers',
    tiers: ['T1', 'T1+'],
    limits: { wallMs: 8_000 },
    javascript: () =>
      javascript(
        'for (let n = 0; n < 300; n += 1) new Worker(URL.createObjectURL(new Blob(["for (;;) {}"])), { type: "module" });',
        'for (;;) {}',
      ),
    judge: mustNotEndWell,
  },
]);
