/** Tries to get out of QuickJS, and to use more than a run may. */
import type { Limits } from '#sandbox/limits.ts';
import type {
  Enclosure,
  ProbeReport,
  RunStatus,
  SandboxRequest,
  SandboxRun,
} from '#sandbox/sandbox.ts';

interface Attempt {
  readonly attack: string;
  readonly source: string;
  readonly limits?: Partial<Limits>;
  /** How it ends where the wall stands, and its value there, as JSON. */
  readonly status: RunStatus;
  readonly value?: string;
}

/** Names of what leads to the host, in any runtime. */
const DOORS = [
  'process',
  'require',
  'Deno',
  'Bun',
  'fetch',
  'WebAssembly',
  'XMLHttpRequest',
  'std',
  'os',
];

const ATTEMPTS: readonly Attempt[] = [
  {
    attack: 'find a door to the host among the globals',
    source: `${JSON.stringify(DOORS)}.filter((name) => name in globalThis)`,
    status: 'ok',
    value: '[]',
  },
  {
    attack: 'reach the host by the constructors of what it gave',
    source: `[print, console.log, args, files, input].map((given) =>
      typeof Object(given).constructor?.constructor?.('return typeof process')?.()).join()`,
    status: 'ok',
    value: '"string,string,string,undefined,string"',
  },
  {
    attack: 'import a module of the host',
    source: `await Promise.allSettled(['node:fs', 'os', 'file:///etc/passwd'].map((name) => import(name)))
      .then((all) => all.every(({ status }) => status === 'rejected'))`,
    status: 'ok',
    value: 'true',
  },
  {
    attack: 'loop for ever, and catch what would end it',
    source: 'for (;;) { try { for (;;) {} } catch {} }',
    limits: { fuel: 50_000_000 },
    status: 'fuel',
  },
  {
    attack: 'loop for ever in native code that looks at no clock',
    source: 'Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)',
    limits: { wallMs: 300 },
    status: 'timeout',
  },
  {
    attack: 'take more memory than there is',
    source: 'const all = []; for (;;) all.push(new Uint8Array(1e6))',
    limits: { memoryBytes: 16 * 1024 * 1024 },
    status: 'memory',
  },
  {
    attack: 'print without end',
    source: `for (;;) print('x'.repeat(10_000))`,
    limits: { outputBytes: 100_000 },
    status: 'output',
  },
];

/** Runs all attempts, one after the other. Never throws. */
export async function probeQuickjs(
  run: (request: SandboxRequest) => SandboxRun,
  enclosure: Enclosure,
): Promise<ProbeReport> {
  const attempts: ProbeReport['attempts'][number][] = [];
  for (const { attack, source, limits = {}, status, value } of ATTEMPTS) {
    const program = { type: 'code', language: 'javascript', source } as const;
    try {
      const result = await run({ program, limits, stdin: Buffer.from('[1]') }).result;
      const held = result.status === status && (value === undefined || result.value === value);
      const detail = `${result.status} ${result.value ?? ''} ${result.stderr.text}`.trim();
      attempts.push(held ? { attack, held } : { attack, held, detail });
    } catch (error) {
      attempts.push({ attack, held: false, detail: String(error) });
    }
  }
  const broken = attempts.find(({ held }) => !held);
  return {
    enclosure,
    holds: broken === undefined,
    attempts,
    problem: broken === undefined ? null : `${broken.attack}: ${broken.detail ?? ''}`,
    fix:
      broken === undefined ? null : 'Run npm ci, so that the packages are those of the lock file.',
  };
}
