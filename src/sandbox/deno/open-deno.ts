/**
 * T1: programs in Python (Pyodide), JavaScript and TypeScript, each in a Deno process of its own that has
 * no permission, files in memory and no network. Within a jail (T1+) two walls have to break.
 */
import type { JailBackend } from '#sandbox/jail/jail.ts';
import { CODE_LIMITS, limitsOf } from '#sandbox/limits.ts';
import type {
  Enclosure,
  ProbeReport,
  SandboxRequest,
  SandboxRun,
  SandboxSession,
  Language,
} from '#sandbox/sandbox.ts';
import { openSession } from './deno-session.ts';
import { probeDeno } from './probe/probe-deno.ts';
import { countingOf, noFuelInSession } from './run/counting.ts';
import { startRun } from './run/deno-run.ts';
import { noNetwork } from './run/send-run.ts';
import { DenoPool } from './runtime/deno-pool.ts';
import { FastStart } from './runtime/fast-start.ts';
import { findRuntimeFiles } from './runtime/runtime-files.ts';
import type { RuntimeFiles, Unavailable } from './runtime/runtime-files.ts';

/** How to open it. */
export interface DenoOptions {
  /** A folder of the user's own: what makes Python start fast is kept there. */
  readonly cacheFolder: string;
  /** The second wall. */
  readonly jail?: JailBackend;
  /** Processes of Python that wait (about 200 MB each); default 1, none for 0. */
  readonly pool?: number;
  /** Where Deno and Pyodide are, when not in the packages beside Skein. */
  readonly files?: RuntimeFiles | Unavailable;
}

/** The tier. `run` and `session` reject as the port says. */
export interface DenoTier {
  readonly enclosure: Enclosure;
  readonly run: (request: SandboxRequest) => SandboxRun;
  readonly session: (
    request: Pick<SandboxRequest, 'limits' | 'network'> & { readonly language: Language },
  ) => Promise<SandboxSession>;
  /** Tries to get out of it; never throws. */
  readonly probe: () => Promise<ProbeReport>;
  /** Builds what makes Python start fast, and fills the pool: else the first run does. */
  readonly prepare: () => Promise<void>;
  /** How many processes wait for a run. */
  readonly pooled: () => number;
  /** Kills what waits, runs or is a session. */
  readonly close: () => Promise<void>;
}

const WALLS = [
  'no-permissions',
  'no-host-files',
  'no-network',
  'no-processes',
  'empty-environment',
  'single-use',
  'memory-limit',
];

/** Opens the tier, or says why it can't be used here and what to do about it. */
export async function openDeno(options: DenoOptions): Promise<DenoTier | Unavailable> {
  const files = options.files ?? findRuntimeFiles();
  return 'problem' in files ? files : new OpenTier(files, options);
}

class OpenTier implements DenoTier {
  readonly enclosure: Enclosure;
  readonly #pool: DenoPool;
  readonly #fastStart: FastStart;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  readonly #sessions = new Set<SandboxSession>();

  constructor(files: RuntimeFiles, { cacheFolder, jail, pool = 1 }: DenoOptions) {
    this.enclosure = enclosureOf(files, jail);
    this.#fastStart = new FastStart(files, cacheFolder);
    this.#pool = new DenoPool({ files, fastStart: this.#fastStart, jail, size: pool });
  }

  readonly run = (request: SandboxRequest): SandboxRun => {
    const signals = request.signal === undefined ? [] : [request.signal];
    const signal = AbortSignal.any([this.#closing.signal, ...signals]);
    const started = startRun(
      { ...request, signal },
      {
        enclosure: this.enclosure,
        session: null,
        limits: () => limitsOf(CODE_LIMITS, request.limits),
        obtain: ({ program: { language }, deterministic }, limits) =>
          this.#pool.take(language, limits, countingOf(language, limits, deterministic)),
      },
    );
    const ended = started.result.catch(() => undefined);
    this.#running.add(ended);
    void ended.then(() => this.#running.delete(ended));
    return started;
  };

  readonly session: DenoTier['session'] = async ({ language, limits: asked, network }) => {
    if (network !== undefined) throw noNetwork();
    const limits = limitsOf(CODE_LIMITS, asked);
    if (limits.fuel > 0) throw noFuelInSession();
    const child = await this.#pool.take(language, limits, 'none');
    const session = openSession({ child, language, limits, enclosure: this.enclosure });
    this.#sessions.add(session);
    const forget = (): void => void this.#sessions.delete(session);
    void child.ended.then(forget, forget);
    return session;
  };

  readonly probe = (): Promise<ProbeReport> => probeDeno(this.enclosure, this.run);

  readonly prepare = async (): Promise<void> => {
    await this.#fastStart.get('python', 'none');
    this.#pool.fill();
    await this.#pool.filled();
  };

  readonly pooled = (): number => this.#pool.pooled;

  readonly close = async (): Promise<void> => {
    this.#closing.abort();
    await Promise.all([...this.#sessions].map((session) => session.close()));
    await Promise.all(this.#running);
    await this.#pool.close();
  };
}

function enclosureOf(files: RuntimeFiles, jail: JailBackend | undefined): Enclosure {
  const versions = { deno: files.denoVersion, pyodide: files.pyodideVersion };
  if (jail === undefined) {
    return { tier: 'T1', mechanism: 'deno', strength: 'runtime', walls: WALLS, versions };
  }
  return {
    tier: 'T1+',
    mechanism: `deno in ${jail.mechanism}`,
    strength: 'double',
    walls: [...new Set([...WALLS, ...jail.walls])],
    versions: { ...versions, ...jail.versions },
  };
}
