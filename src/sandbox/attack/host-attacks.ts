/** Attacks on what runs the run: its protocol, its runtime, its memory of earlier runs, its exactness. */
import { javascript, makeAttacks, python, shell, type Idea } from './make-attack.ts';

/** Both runs printed and used the same. */
const sameTwice: NonNullable<Idea['judge']> = ([first, second]) => {
  if (first === undefined || second === undefined) return 'it ran once';
  if (first.stdout.text !== second.stdout.text) return 'two exact runs printed something else';
  return first.fuel === second.fuel ? null : 'two exact runs used different fuel';
};

const exitIs3: NonNullable<Idea['judge']> = ([run]) =>
  run?.status === 'ok' || run?.value === '"forged"' ? 'it ended otherwise than it did' : null;

/** Nothing of the first run is seen by the second. */
const forgotten: NonNullable<Idea['judge']> = ([, second]) =>
  second?.stdout.text.includes('kept-from-before') === true
    ? 'a run saw what an earlier one left'
    : null;

const FORGED = '{"type":"end","status":"ok","exitCode":0,"value":"\\"forged\\""}';

/** All attacks on the host's side. */
export const hostAttacks = makeAttacks('host', [
  {
    name: 'forge-the-end',
    judge: exitIs3,
    python: () =>
      python(
        `import os\nfor n in range(1, 16):\n    for k in range(16):\n        try: os.write(n, (${FORGED.length}).to_bytes(4, "big") + bytes([k]) + b'${FORGED}\\n')\n        except OSError: pass`,
        `import os\nfor n in range(1, 16):\n    for k in range(16):\n        try: os.write(n, bytes([k]) + (${FORGED.length}).to_bytes(4, "little") + b'${FORGED}\\n')\n        except OSError: pass`,
      ) + '\nimport sys\nsys.exit(3)',
    javascript: () =>
      `${javascript(`for (let n = 1; n < 8; n += 1) console.log(${JSON.stringify(FORGED)})`, `globalThis.Deno.stdout.writeSync(new TextEncoder().encode("\\u0000\\u0000\\u0000\\u0040\\u0005" + ${JSON.stringify(FORGED)}))`)}\nthrow new Error("3");`,
    shell: () => `${shell(`printf '%s\\n' '${FORGED}'`, `printf '%s\\n' '${FORGED}' >&3`)}\nexit 3`,
  },
  {
    name: 'no-text',
    python: () =>
      python('import sys\nsys.stdout.buffer.write(b"\\xff\\xfe\\x80 \\xed\\xa0\\x80\\n")'),
    shell: () => shell("printf '\\377\\376\\200\\n'"),
    judge: ([run]) => (run?.stdout.text.isWellFormed() === false ? 'its output is no text' : null),
  },
  {
    name: 'poison',
    tiers: ['T0', 'T1', 'T1+'],
    javascript: () =>
      javascript(
        'Object.prototype.poisoned = 1; Array.prototype.push = () => 0; JSON.stringify = () => "\\"forged\\""; Promise.prototype.then = null',
        'Object.defineProperty(Object.prototype, "status", { value: "ok" })',
      ),
    judge: ([run]) =>
      'poisoned' in {} || run?.value === '"forged"' ? 'the host was poisoned' : null,
  },
  {
    name: 'crash',
    python: () => python('import os\nos.abort()'),
    shell: () => shell('kill -SEGV $$') + '\nkill -9 $$',
    judge: ([run]) => (run?.status === 'ok' ? 'it ended as if nothing had happened' : null),
  },
  {
    name: 'close-its-pipes',
    limits: { wallMs: 2_500 },
    python: () =>
      python('import os, time\nos.close(1)\nos.close(2)\nos.close(0)\ntime.sleep(1000)'),
    shell: () => 'echo begun; exec 0<&- 1>&- 2>&-; sleep 1000',
    judge: ([run]) => (run?.status === 'ok' ? 'it ended as if nothing had happened' : null),
  },
  {
    name: 'huge-value',
    tiers: ['T0', 'T1', 'T1+'],
    python: () => 'print("begun", flush=True)\n"x" * (30 * 2**20)',
    javascript: () => 'console.log("begun"); "x".repeat(30 * 2 ** 20);',
    judge: ([run]) =>
      (run?.value?.length ?? 0) > 8 * 1024 * 1024 ? 'a value of 30 MB came out' : null,
  },
]);

/** All attacks that come back. */
export const persistenceAttacks = makeAttacks('persistence', [
  {
    name: 'files',
    judge: forgotten,
    python: () => [
      python(
        'import os\nfor d in [".", "/tmp", os.path.expanduser("~"), "/dev/shm", "/var/tmp"]:\n    try: open(d + "/kept-from-before", "w").write("x")\n    except OSError: pass',
      ),
      python(
        'import os\nfor d in [".", "/tmp", os.path.expanduser("~"), "/dev/shm", "/var/tmp"]:\n    try: print(os.listdir(d))\n    except OSError: pass',
      ),
    ],
    shell: () => [
      shell('for d in . /tmp ~ /dev/shm /var/tmp; do echo x > $d/kept-from-before; done'),
      shell('ls -a . /tmp ~ /dev/shm /var/tmp | grep kept-from'),
    ],
  },
  {
    name: 'modules',
    tiers: ['T0', 'T1', 'T1+'],
    judge: forgotten,
    python: () => [
      python(
        'import builtins, json\nbuiltins.left = "kept-from-before"\njson.left = "kept-from-before"',
      ),
      python('print(left)', 'import json\nprint(json.left)'),
    ],
    javascript: () => [
      javascript('globalThis.left = "kept-from-before"; Array.prototype.left = "kept-from-before"'),
      javascript('console.log(globalThis.left)', 'console.log([].left)'),
    ],
  },
  {
    name: 'browser-stores',
    tiers: ['T1', 'T1+'],
    judge: forgotten,
    javascript: () => [
      javascript(
        'localStorage.setItem("a", "kept-from-before")',
        'await (await caches.open("a")).put("http://a/", new Response("kept-from-before"))',
        'const k = await globalThis.Deno.openKv(); await k.set(["a"], "kept-from-before")',
      ),
      javascript(
        'console.log(localStorage.getItem("a"))',
        'console.log(await (await (await caches.open("a")).match("http://a/")).text())',
        'const k = await globalThis.Deno.openKv(); console.log((await k.get(["a"])).value)',
      ),
    ],
  },
]);

/** All attacks on exactness. */
export const exactnessAttacks = makeAttacks('determinism', [
  {
    name: 'clock-and-chance',
    tiers: ['T0', 'T1', 'T1+'],
    isExact: true,
    judge: sameTwice,
    python: () => {
      const program = python(
        'import random, time\nprint(random.random(), time.time())\nprint(hash("skein"), sorted(set("abc")))',
        'import datetime\nprint(datetime.datetime.now())',
      );
      return [program, program];
    },
    javascript: () => {
      const program = javascript(
        'console.log(Math.random() + " " + Date.now() + " " + new Date())',
      );
      return [program, program];
    },
  },
]);
