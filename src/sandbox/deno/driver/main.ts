/**
 * The program that Deno runs for a run: it starts an interpreter, gives back every permission it was
 * given to start it, and only then takes a program from the host.
 */
import { readRun, readRunSync, sendReady } from './channel.ts';
import type { Run } from './channel.ts';
import { deno } from './deno-global.ts';
import { fixStart } from './fixed-world.ts';
import { withGauge } from './fuel-gauge.ts';

const PERMISSIONS = ['read', 'write', 'net', 'env', 'run', 'ffi', 'sys', 'import'];

const GRACE_MS = 2_000;

const exit = deno.exit.bind(deno);

function giveUpPermissions(): void {
  for (const name of PERMISSIONS) deno.permissions.revokeSync({ name });
}

// The host kills it at the limit; this is for a program that sleeps when there is no host any more.
async function untilWall(run: Run, execute: (run: Run) => Promise<void>): Promise<void> {
  const timer = setTimeout(() => exit(1), run.order.wallMs + GRACE_MS);
  timer.unref();
  await execute(run);
  clearTimeout(timer);
}

async function servePython(): Promise<void> {
  const [, pyodide = '', library = '', snapshot = '', counter = '', exactness = ''] = deno.args;
  const { runPython, startPython, warmUp } = await import('./python.ts');
  if (exactness === 'exact') fixStart();
  const start = () => startPython({ pyodide, library, snapshot });
  const [python, gauge] = await withGauge(counter, start);
  giveUpPermissions();
  await warmUp(python);
  sendReady();
  for (;;) await untilWall(readRunSync(), (run) => runPython(python, run, gauge));
}

async function serveJavaScript(): Promise<void> {
  const { runJavaScript } = await import('./javascript.ts');
  giveUpPermissions();
  sendReady();
  for (;;) await untilWall(await readRun(), runJavaScript);
}

// not awaited: Deno would take a program that is done for one that hangs
void (deno.args[0] === 'python' ? servePython() : serveJavaScript());
