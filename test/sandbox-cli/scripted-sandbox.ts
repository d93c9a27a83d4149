/** A sandbox whose runs do what a test says: for what is recorded around a run, not for what holds it. */
import type { Limits } from '#sandbox/limits.ts';
import { CODE_LIMITS } from '#sandbox/limits.ts';
import type {
  Enclosure,
  Sandbox,
  SandboxEvent,
  SandboxRequest,
  SandboxResult,
} from '#sandbox/sandbox.ts';
import { ToldChannel } from '#daemon/sandbox/told-channel.ts';
import { SkeinError } from '#protocol/errors.ts';

/** What holds every scripted run. */
export const ENCLOSURE: Enclosure = {
  tier: 'T0',
  mechanism: 'script',
  strength: 'runtime',
  walls: ['none'],
  versions: { script: '1' },
};

/** What a script may do while it runs. */
export interface Stage {
  readonly request: SandboxRequest;
  readonly limits: Limits;
  readonly tell: (event: SandboxEvent) => Promise<void>;
}

/** Plays one run; what it answers is laid over the result of a program that did nothing. */
export type Script = (stage: Stage) => Promise<Partial<SandboxResult>>;

/** The sandbox; each run plays `script`. */
export function scriptedSandbox(script: Script): Sandbox {
  return {
    run: (request) => {
      const events = new ToldChannel<SandboxEvent>();
      const killed = new AbortController();
      const limits = { ...CODE_LIMITS, ...request.limits };
      const play = async (): Promise<SandboxResult> => {
        await request.beforeStart?.(ENCLOSURE, limits);
        await events.push({ type: 'started', enclosure: ENCLOSURE, limits });
        const ended = Promise.withResolvers<Partial<SandboxResult>>();
        const stop = (): void =>
          ended.reject(new SkeinError('interrupted', 'Cannot go on: it was stopped'));
        request.signal?.addEventListener('abort', stop, { once: true });
        if (request.signal?.aborted === true) stop();
        killed.signal.addEventListener('abort', () => ended.resolve({ status: 'killed' }));
        script({ request, limits, tell: (event) => events.push(event) }).then(
          ended.resolve,
          ended.reject,
        );
        return { ...nothing(limits), ...(await ended.promise) };
      };
      const result = play().finally(() => events.end());
      return { events, result, kill: async () => killed.abort() };
    },
    session: () => Promise.reject(new SkeinError('sandbox-unavailable', 'Cannot: no sessions')),
    probe: async () => [],
    stats: () => {
      const runs = { ok: 0, error: 0, timeout: 0, memory: 0, output: 0, fuel: 0, killed: 0 };
      return { running: 0, waiting: 0, pooled: 0, runs, refused: 0 };
    },
    close: async () => undefined,
  };
}

const nothing = (limits: Limits): SandboxResult => ({
  status: 'ok',
  exitCode: 0,
  signal: null,
  value: null,
  stdout: { text: '', totalBytes: 0 },
  stderr: { text: '', totalBytes: 0 },
  durationMs: 1.4,
  cpuMs: 1,
  peakBytes: 1_000,
  fuel: null,
  changed: [],
  refused: [],
  enclosure: ENCLOSURE,
  limits,
});
