/** Attacks on files of the host: to read, write, remove them, by every way that leads there. */
import { readFileSync } from 'node:fs';
import type { AttackRuns } from './attack.ts';
import { javascript, makeAttacks, python, shell } from './make-attack.ts';

const UP = '../'.repeat(12);

/** Lines of the host's list of users that no jail would make up. */
function ownUsers(): readonly string[] {
  try {
    const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
    return lines.filter((line) => line.length > 20 && !/^(?:root|nobody):/u.test(line));
  } catch {
    return [];
  }
}

/** Whether any of the texts was printed. */
const printed = (runs: AttackRuns, texts: readonly string[]): boolean =>
  runs.some(({ stdout }) => texts.some((text) => stdout.text.includes(text)));

/** All attacks on files. */
export const fileAttacks = makeAttacks('files', [
  {
    name: 'read-users',
    python: () => python('print(open("/etc/passwd").read())'),
    javascript: () =>
      javascript(
        'console.log(globalThis.Deno.readTextFileSync("/etc/passwd"))',
        'console.log((await import("node:fs")).readFileSync("/etc/passwd", "utf8"))',
      ),
    shell: () => shell('cat /etc/passwd'),
    judge: (runs) => (printed(runs, ownUsers()) ? 'it has the list of users' : null),
  },
  {
    name: 'read-outside',
    python: ({ canary }) => python(`print(open(${JSON.stringify(canary)}).read())`),
    javascript: ({ canary }) =>
      javascript(
        `console.log(globalThis.Deno.readTextFileSync("${canary}"))`,
        `console.log((await import("node:fs")).readFileSync("${canary}", "utf8"))`,
        `console.log((await import("node:fs/promises").then((fs) => fs.readFile("${canary}", "utf8"))))`,
      ),
    shell: ({ canary }) => shell(`cat '${canary}'`),
  },
  {
    name: 'read-upwards',
    python: ({ canary }) => python(`print(open("${UP}${canary.slice(1)}").read())`),
    javascript: ({ canary }) =>
      javascript(`console.log(globalThis.Deno.readTextFileSync("${UP}${canary.slice(1)}"))`),
    shell: ({ canary }) => shell(`cat '${UP}${canary.slice(1)}'`),
  },
  {
    name: 'list-outside',
    python: ({ folder }) =>
      python(
        `import os\nprint(os.listdir("${folder}"))`,
        `import glob\nprint(glob.glob("${folder}/*"))`,
      ),
    javascript: ({ folder }) =>
      javascript(`console.log([...globalThis.Deno.readDirSync("${folder}")].map((e) => e.name))`),
    shell: ({ folder }) => shell(`ls -la '${folder}'`, `ls /tmp/*/outside /proc/*/root'${folder}'`),
    judge: (runs, { fileName }) =>
      printed(runs, [fileName]) ? 'it sees the names of files of the host' : null,
  },
  {
    name: 'read-by-link',
    python: ({ canary }) =>
      python(`import os\nos.symlink("${canary}", "link")\nprint(open("link").read())`),
    javascript: ({ canary }) =>
      javascript(
        `globalThis.Deno.symlinkSync("${canary}", "link"); console.log(globalThis.Deno.readTextFileSync("link"))`,
      ),
    shell: ({ canary }) => shell(`ln -s '${canary}' link && cat link`),
  },
  {
    name: 'read-by-hard-link',
    python: ({ canary }) =>
      python(`import os\nos.link("${canary}", "hard")\nprint(open("hard").read())`),
    shell: ({ canary }) => shell(`ln '${canary}' hard && cat hard`),
  },
  {
    name: 'read-by-process',
    python: ({ canary }) =>
      python(
        `print(open("/proc/self/root${canary}").read())`,
        `print(open("/proc/1/root${canary}").read())`,
        `print(open("/proc/self/cwd/${UP}${canary.slice(1)}").read())`,
      ),
    shell: ({ canary }) => shell(`cat /proc/*/root'${canary}'`),
  },
  {
    name: 'read-by-import',
    tiers: ['T1', 'T1+'],
    javascript: ({ canary }) =>
      javascript(
        `console.log((await import("file://${canary}", { with: { type: "text" } })).default)`,
        `console.log((await import("file://${canary}", { with: { type: "bytes" } })).default)`,
        `console.log(await (await fetch("file://${canary}")).text())`,
        `console.log((await import("node:module")).createRequire("file:///x.js")("${canary}"))`,
      ),
  },
  {
    name: 'write-outside',
    python: ({ folder }) => python(`open("${folder}/planted", "w").write("x")`),
    javascript: ({ folder }) =>
      javascript(
        `globalThis.Deno.writeTextFileSync("${folder}/planted", "x")`,
        `(await import("node:fs")).writeFileSync("${folder}/planted", "x")`,
      ),
    shell: ({ folder }) => shell(`echo x > '${folder}/planted'`),
  },
  {
    name: 'write-by-link',
    python: ({ canary, folder }) =>
      python(
        `import os\nos.symlink("${canary}", "link")\nopen("link", "w").write("x")`,
        `import os\nos.symlink("${folder}", "dir")\nopen("dir/planted", "w").write("x")`,
      ),
    shell: ({ canary, folder }) =>
      shell(
        `ln -s '${canary}' link && echo x > link`,
        `ln -s '${folder}' dir && echo x > dir/planted`,
      ),
  },
  {
    name: 'remove-outside',
    python: ({ canary, folder }) =>
      python(
        `import os\nos.remove("${canary}")`,
        `import os\nos.rename("${canary}", "${folder}/moved")`,
      ),
    javascript: ({ canary }) => javascript(`globalThis.Deno.removeSync("${canary}")`),
    shell: ({ canary, folder }) =>
      shell(`mv '${canary}' '${folder}/moved'`, `rm -rf '${folder}'/*`),
  },
  {
    name: 'write-by-database',
    python: ({ folder }) =>
      python(
        `import sqlite3\nsqlite3.connect("${folder}/planted.db").execute("create table t(x)")`,
        `import sqlite3\nsqlite3.connect(":memory:").execute("vacuum into '${folder}/planted.db'")`,
      ),
    javascript: ({ folder }) =>
      javascript(
        `new (await import("node:sqlite")).DatabaseSync("${folder}/planted.db").exec("create table t(x)")`,
      ),
  },
  {
    name: 'leave-links',
    python: ({ canary, folder }) =>
      python(
        `import os\nos.symlink("${canary}", "left-link")`,
        `import os\nos.symlink("${folder}", "left-folder")`,
        `import os\nos.mkfifo("left-pipe")`,
        `import os, stat\nos.mknod("left-device", stat.S_IFBLK | 0o666, os.makedev(8, 0))`,
      ),
    shell: ({ canary, folder }) =>
      shell(`ln -s '${canary}' left-link`, `ln -s '${folder}' left-folder`, 'mkfifo left-pipe'),
  },
  {
    name: 'leave-names',
    python: () =>
      python(
        'import os\nos.makedirs(".git/hooks")\nopen(".git/hooks/post-commit", "w").write("x")',
        'import os\nos.makedirs(".GIT")\nopen(".GIT/config", "w").write("x")',
        'open("a\\nb", "w").write("x")',
        'open("a\\\\b", "w").write("x")',
        'open(b"\\xff\\xfe", "w").write("x")',
      ),
    shell: () => shell('mkdir -p .git/hooks && echo x > .git/hooks/post-commit', "echo x > 'a\\b'"),
  },
  {
    // What is mounted is harmless to clean up after, should it succeed.
    name: 'mount',
    tiers: ['T2', 'T3'],
    shell: ({ canary, folder, fileName }) =>
      shell(
        `mkdir -p m && mount --bind '${folder}' m && cat m/${fileName}; umount m`,
        `mkdir -p p && mount -t proc proc p && cat p/*/environ; umount p`,
        `unshare -Urmpf sh -c "mount -t proc proc /proc; cat /proc/*/root'${canary}'"`,
        `chroot /proc/1/root cat '${canary}'`,
      ),
  },
]);
