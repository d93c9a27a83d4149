/**
 * Ways out of the tier, each as a piece of a program. What they do shows outside, or in what they print
 * of something that they can't know: an attempt is judged by that, never by an error it says it met.
 */

/** What the attempts aim at, made for them on the host. */
export interface Targets {
  /** A file with a secret; it is valid JSON. */
  readonly canary: string;
  /** A folder of the host, writable by Skein; an attempt leaves a file there by its name. */
  readonly folder: string;
  /** A listener on 127.0.0.1. */
  readonly port: number;
  /** A process of the same user. */
  readonly victim: number;
}

/** Names of the attempts whose traces are on the host. */
export const TRACE = {
  writePython: 'write-python',
  writeDeno: 'write-deno',
  writeNode: 'write-node',
  spawnDeno: 'spawn-deno',
  spawnNode: 'spawn-node',
} as const;

const q = JSON.stringify;

/** Python: by its own functions, and by the JavaScript below it. */
export const pythonAttempts = ({ canary, folder, port, victim }: Targets): string => `
import js, os
def attempt(name):
    def run(body):
        try:
            result = body()
            if result is not None: print(name, result, flush=True)
        except BaseException: pass
    return run
@attempt("read-python")
def _(): return open(${q(canary)}).read()
@attempt("read-deno")
def _(): return js.Deno.readTextFileSync(${q(canary)})
@attempt("environment")
def _(): return js.JSON.stringify(js.Deno.env.toObject())
@attempt("environment-proc")
def _(): return js.Deno.readTextFileSync("/proc/self/environ")
@attempt("write-python")
def _(): open(${q(`${folder}/${TRACE.writePython}`)}, "w").write("x")
@attempt("write-deno")
def _(): js.Deno.writeTextFileSync(${q(`${folder}/${TRACE.writeDeno}`)}, "x")
@attempt("spawn-deno")
def _():
    from pyodide.ffi import to_js
    options = js.JSON.parse(${q(JSON.stringify({ args: [`${folder}/${TRACE.spawnDeno}`] }))})
    js.Deno.Command.new("/usr/bin/touch", options).outputSync()
@attempt("foreign-function")
def _():
    symbols = js.JSON.parse('{"getpid":{"parameters":[],"result":"i32"}}')
    for library in ("libc.so.6", "libSystem.dylib"):
        try: return "called " + str(js.Deno.dlopen(library, symbols).symbols.getpid())
        except js.Error: pass
@attempt("signal-deno")
def _(): js.Deno.kill(${victim}, "SIGKILL")
try: await js.Deno.connect(js.JSON.parse('{"hostname":"127.0.0.1","port":${port}}'))
except BaseException: pass
try: await js.fetch("http://127.0.0.1:${port}/")
except BaseException: pass
`;

/** JavaScript: by imports, by Node's modules, and by what Deno keeps between processes. */
export const javaScriptAttempts = ({ canary, folder, port, victim }: Targets): string => `
const attempt = async (name, body) => {
  try {
    const result = await body();
    if (result !== undefined) console.log(name, result);
  } catch {}
};
const url = ${q(`file://${canary}`)};
await attempt('import-json', async () => JSON.stringify((await import(url, { with: { type: 'json' } })).default));
await attempt('import-text', async () => (await import(url, { with: { type: 'text' } })).default);
await attempt('read-node', async () => (await import('node:fs')).readFileSync(${q(canary)}, 'utf8'));
await attempt('write-node', async () => (await import('node:fs')).writeFileSync(${q(`${folder}/${TRACE.writeNode}`)}, 'x'));
await attempt('spawn-node', async () => void (await import('node:child_process')).spawnSync('/usr/bin/touch', [${q(`${folder}/${TRACE.spawnNode}`)}]));
await attempt('signal-node', async () => void process.kill(${victim}, 'SIGKILL'));
await attempt('connect-node', async () => {
  const { connect } = await import('node:net');
  await new Promise((resolve) => connect(${port}, '127.0.0.1').on('connect', resolve).on('error', resolve));
});
await attempt('kept', () => localStorage.setItem('probe', 'kept ' + ${q(canary)}));
`;

/** A second run, which sees what the first has kept, if there is a way. */
export const SECOND_LOOK = `try { console.log(localStorage.getItem('probe')); } catch {}`;
