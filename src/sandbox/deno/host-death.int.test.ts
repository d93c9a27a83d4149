/** When Skein is killed nobody is left to kill its runtimes: they end by themselves. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { findRuntimeFiles } from './runtime/runtime-files.ts';

const found = findRuntimeFiles();
const missing = 'problem' in found ? `${found.problem}. ${found.fix}` : false;
const skip = process.platform === 'linux' ? missing : 'it looks at /proc, which only Linux has';

// kept between test runs: what is built there costs 15 s of processor time, and is checked at each use
const CACHE = path.resolve(import.meta.dirname, '../../../node_modules/.cache/skein-sandbox');
// the one that burns has some seconds of processor time, which a busy machine gives slowly
const LIMIT_MS = 200_000;

// one that sleeps, one that burns, one that waits in the pool; the last line tells that all have begun
const HOST = `
import { openDeno } from ${JSON.stringify(path.join(import.meta.dirname, 'open-deno.ts'))};
const tier = await openDeno({ cacheFolder: ${JSON.stringify(CACHE)}, pool: 1 });
await tier.prepare();
const begin = async (source) => {
  const program = { type: 'code', language: 'javascript', source };
  const run = tier.run({ program, limits: { wallMs: 1_000, cpuMs: 1_000 } });
  for await (const event of run.events) if (event.type === 'stdout') return;
};
await Promise.all([
  begin('console.log(1); await new Promise((done) => setTimeout(done, 1e7))'),
  begin('console.log(1); await 0; for (;;);'),
]);
console.log('begun');
process.kill(process.pid, 'SIGKILL');
`;

/** Processes of that session, which the host made by its spawn; not the host itself. */
function runtimesOf(host: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return Number(fields[1]) === host && stat.includes('(deno') && fields[0] !== 'Z';
      } catch {
        return false;
      }
    });
}

const isAlive = (pid: number): boolean => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/\) Z /.test(stat) && stat.includes('(deno');
  } catch {
    return false;
  }
};

describe('runtimes whose host was killed', { skip }, () => {
  it('end by themselves: those that sleep, burn or wait', async () => {
    const host = spawn(process.execPath, ['--input-type=module', '-e', HOST], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const seen = new Set<number>();
    const watch = setInterval(() => {
      for (const pid of runtimesOf(host.pid ?? 0)) seen.add(pid);
    }, 10);
    const [said] = await Promise.all([
      host.stdout.toArray(),
      new Promise((resolve) => host.once('close', resolve)),
    ]);
    clearInterval(watch);
    assert.match(Buffer.concat(said as Buffer[]).toString(), /begun/);
    assert.ok(seen.size >= 3, `${seen.size} runtimes were seen`);
    const until = performance.now() + LIMIT_MS;
    while ([...seen].some(isAlive) && performance.now() < until) await delay(100);
    assert.deepEqual([...seen].filter(isAlive), []);
  });
});
