/**
 * The program that Deno runs for a run: it starts an interpreter, gives back every permission it was
 * given to start it, and only then takes a program from the host.
 */
import { readRun, readRunSync, sendReady } from './channel.ts';
import { deno } from './deno-global.ts';

const PERMISSIONS = ['read', 'write', 'net', 'env', 'run', 'ffi', 'sys', 'import'];

function giveUpPermissions(): void {
  for (const name of PERMISSIONS) deno.permissions.revokeSync({ name });
}

async function servePython(): Promise<void> {
  const [, pyodide = '', library = '', snapshot = ''] = deno.args;
  const { runPython, startPython, warmUp } = await import('./python.ts');
  const python = await startPython({ pyodide, library, snapshot });
  giveUpPermissions();
  await warmUp(python);
  sendReady();
  for (;;) await runPython(python, readRunSync());
}

async function serveJavaScript(): Promise<void> {
  const { runJavaScript } = await import('./javascript.ts');
  giveUpPermissions();
  sendReady();
  for (;;) await runJavaScript(await readRun());
}

// not awaited: Deno would take a program that is done for one that hangs
void (deno.args[0] === 'python' ? servePython() : serveJavaScript());
