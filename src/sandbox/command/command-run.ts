/** One command: started in a jail, watched until it ends or meets a limit, and what it left. */
import { tmpdir } from 'node:os';
import type { Writable } from 'node:stream';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import { canMove, type Jailed, type JailEnd, type JailRequest } from '#sandbox/jail/jail.ts';
import { toolchainMounts } from '#sandbox/jail/toolchain/toolchain-mounts.ts';
import { COMMAND_LIMITS, limitsOf, OUTPUT_KILL_FACTOR, type Limits } from '#sandbox/limits.ts';
import { behindProxy } from '#sandbox/proxy/bridge/behind-proxy.ts';
import { openProxy } from '#sandbox/proxy/open-proxy.ts';
import type { Proxy } from '#sandbox/proxy/proxy.ts';
import { checkInput } from '#sandbox/run/check-input.ts';
import { EventStream } from '#sandbox/run/event-stream.ts';
import { OutputKeeper } from '#sandbox/run/kept-output.ts';
import type {
  Enclosure,
  RunStatus,
  SandboxEvent,
  SandboxRequest,
  SandboxResult,
  SandboxRun,
} from '#sandbox/sandbox.ts';
import { makeCommandFolder, type CommandFolder } from './command-folder.ts';
import type { CommandsOptions } from './command-options.ts';

/** Where a command finds its files, where a jail can show them elsewhere. */
const WORK = '/skein-run';

/** The kernel ends a process a tick or two before the group has counted all of its time. */
const NEARLY = 0.9;

/** Why it was ended before it ended by itself. */
type Stop = Extract<RunStatus, 'timeout' | 'output' | 'killed'>;

/** Runs from when it is made. */
export class CommandRun implements SandboxRun {
  readonly events: AsyncIterable<SandboxEvent>;
  readonly result: Promise<SandboxResult>;
  readonly #stream = new EventStream();
  readonly #options: CommandsOptions;
  readonly #enclosure: Enclosure;
  readonly #request: SandboxRequest;
  #jailed: Jailed | undefined;
  #stopped: Stop | undefined;

  constructor(options: CommandsOptions, enclosure: Enclosure, request: SandboxRequest) {
    this.#options = options;
    this.#enclosure = enclosure;
    this.#request = request;
    this.events = this.#stream;
    this.result = this.#execute();
    this.result.catch(() => undefined);
  }

  readonly kill = async (): Promise<void> => {
    this.#stop('killed');
    await this.result.catch(() => undefined);
  };

  #stop(reason: Stop): void {
    this.#stopped ??= reason;
    void this.#jailed?.kill();
  }

  async #execute(): Promise<SandboxResult> {
    // By then whoever wants the events has the run in hand.
    await Promise.resolve();
    const { signal } = this.#request;
    const abort = (): void => this.#stop('killed');
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const limits = limitsOf(COMMAND_LIMITS, this.#request.limits);
      checkInput(this.#request, limits);
      const { files = [], beforeStart } = this.#request;
      const folder = makeCommandFolder(this.#options.folder, files, limits);
      try {
        await beforeStart?.(this.#enclosure, limits);
        return await this.#inFolder(folder, limits);
      } finally {
        await folder.remove();
      }
    } catch (thrown) {
      throw toSkeinError(thrown);
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#stream.close();
    }
  }

  async #inFolder(folder: CommandFolder, limits: Limits): Promise<SandboxResult> {
    const proxy = await this.#openProxy();
    try {
      const kept = {
        stdout: new OutputKeeper(limits.outputBytes),
        stderr: new OutputKeeper(limits.outputBytes),
      };
      const beganMs = performance.now();
      const end = await this.#hold(this.#jailRequest(folder, limits, proxy), limits, kept);
      const durationMs = Math.round(performance.now() - beganMs);
      const status = this.#statusOf(end, limits);
      const output = await folder.take();
      return {
        status,
        exitCode: end.exitCode,
        signal: end.signal,
        value: null,
        stdout: kept.stdout.keep(),
        stderr: kept.stderr.keep(),
        durationMs,
        cpuMs: end.cpuMs,
        peakBytes: end.peakBytes,
        fuel: null,
        ...output,
        enclosure: this.#enclosure,
        limits,
      };
    } finally {
      await proxy?.close();
    }
  }

  async #openProxy(): Promise<Proxy | undefined> {
    const { network } = this.#request;
    if (network === undefined) return undefined;
    const { readSecret } = this.#options;
    return openProxy({
      // The path of a socket is short: that of the folder may not be.
      folder: tmpdir(),
      policy: network,
      ...(readSecret === undefined ? {} : { readSecret }),
      onAccess: (access) => this.#stream.emit({ type: 'network', access }),
    });
  }

  #jailRequest(folder: CommandFolder, limits: Limits, proxy: Proxy | undefined): JailRequest {
    const { searchPath, forbidden, jail } = this.#options;
    const { program, environment = {} } = this.#request;
    if (program.type !== 'command') {
      throw new SkeinError('usage', `Cannot run ${program.language} as a command`);
    }
    const tools = toolchainMounts({ path: searchPath, forbidden });
    const work = canMove(jail) ? WORK : folder.path;
    const request: JailRequest = {
      argv: program.argv,
      cwd: work,
      environment: { PATH: tools.path, LANG: 'C.UTF-8', ...environment },
      mounts: [...tools.mounts, { source: folder.path, target: work, access: 'write' }],
      limits,
      memory: 'group-only',
      stdio: ['pipe', 'pipe', 'pipe'],
    };
    return proxy === undefined ? request : behindProxy(request, proxy.socket);
  }

  async #hold(
    request: JailRequest,
    limits: Limits,
    kept: Readonly<Record<'stdout' | 'stderr', OutputKeeper>>,
  ): Promise<JailEnd> {
    const jailed = this.#options.jail.start(request);
    this.#jailed = jailed;
    if (this.#stopped !== undefined) void jailed.kill();
    this.#stream.emit({ type: 'started', enclosure: this.#enclosure, limits });
    const most = limits.outputBytes * OUTPUT_KILL_FACTOR;
    for (const type of ['stdout', 'stderr'] as const) {
      jailed[type]?.on('data', (chunk: Buffer) => {
        if (this.#stopped === 'output') return;
        kept[type].add(chunk);
        this.#stream.emit({ type, chunk });
        if (kept[type].totalBytes > most) this.#hit('output', 'outputBytes');
      });
    }
    give(jailed.stdin, this.#request.stdin);
    const timer = setTimeout(() => this.#hit('timeout', 'wallMs'), limits.wallMs);
    try {
      return await jailed.ended;
    } finally {
      clearTimeout(timer);
    }
  }

  #hit(reason: Stop, limit: keyof Limits): void {
    if (this.#stopped !== undefined) return;
    this.#stream.emit({ type: 'limit-hit', limit });
    this.#stop(reason);
  }

  #statusOf({ exitCode, oom, cpuMs }: JailEnd, limits: Limits): RunStatus {
    if (this.#stopped !== undefined) return this.#stopped;
    if (oom && exitCode !== 0) return 'memory';
    if (exitCode !== 0 && cpuMs !== null && cpuMs >= limits.cpuMs * NEARLY) {
      this.#stream.emit({ type: 'limit-hit', limit: 'cpuMs' });
      return 'timeout';
    }
    return exitCode === 0 ? 'ok' : 'error';
  }
}

/** Input is given whole; who does not read it loses it. */
function give(stdin: Writable | null, bytes: Uint8Array | undefined): void {
  stdin?.on('error', () => undefined);
  stdin?.end(bytes ?? new Uint8Array());
}
