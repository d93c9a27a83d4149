/**
 * Starts a language server behind the walls of a host of programs and ends it with all that it
 * started: on dispose, on time-out, on abort, and when this process is gone. The server may read the
 * worktree; it sees PATH, LANG and a temporary HOME, nothing else of the environment.
 */
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { SkeinError } from '#protocol/errors.ts';
import type { Program, ProgramEnd, ProgramHost } from '#workspace/programs/program-host.ts';
import { createDecoder, encodeMessage } from './message-framing.ts';

const STDERR_LIMIT = 4_096;
const LATE_OUTPUT_MS = 500;
/** What a shell ends with when there is no such program. */
const NOT_FOUND = 127;
const INSTALL = 'Install Skein again with `npm ci`';

/** How to start a server. `timeoutMs` bounds its whole life. */
export interface ServerCommand {
  readonly name: string;
  readonly argv: readonly string[];
  /** The folder it answers about, a real path. */
  readonly root: string;
  /** Folders and files that the server itself is made of. */
  readonly tools: readonly string[];
  readonly host: ProgramHost;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Memory the server should stay under, in megabytes. */
  readonly memoryMb: number;
}

/** A started server: messages out, messages in, one way to end. */
export interface ServerProcess {
  readonly pid: number;
  send(message: unknown, framed: boolean): void;
  onMessage(listener: (message: unknown) => void): void;
  onEnd(listener: (error: SkeinError) => void): void;
  dispose(): Promise<void>;
}

/** Starts the command and wires its streams; rejects when its walls can't be put up. */
export async function startServer(command: ServerCommand): Promise<ServerProcess> {
  const { argv, root, tools, host, memoryMb } = command;
  const home = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'skein-language-'));
  try {
    const program = await host.start({
      argv,
      cwd: root,
      root,
      access: 'read',
      scratch: [home],
      tools,
      environment: {
        PATH: process.env['PATH'] ?? '/usr/bin:/bin',
        LANG: process.env['LANG'] ?? 'C.UTF-8',
        HOME: home,
        TMPDIR: home,
        GOMEMLIMIT: `${memoryMb}MiB`,
      },
      input: 'pipe',
      output: 'pipe',
    });
    return superviseServer(program, command, home);
  } catch (thrown) {
    deleteHome(home);
    throw thrown;
  }
}

function superviseServer(program: Program, command: ServerCommand, home: string): ServerProcess {
  let failure: SkeinError | undefined;
  let stderr = '';
  const endListeners: ((error: SkeinError) => void)[] = [];
  const messageListeners: ((message: unknown) => void)[] = [];
  const endWith = (error: SkeinError): void => {
    if (failure) return;
    failure = error;
    void program.end();
    for (const listener of endListeners) listener(error);
  };
  const fail = (state: string, fix: string): void => {
    const details = stderr === '' ? {} : { details: { stderr } };
    const message = `Cannot ask ${command.name}: ${state}`;
    endWith(new SkeinError('language-server-failed', message, { fix, ...details }));
  };
  const onAbort = (): void => fail('it was cancelled', 'Run it again');
  const timer = setTimeout(
    () => fail(`no answer within ${command.timeoutMs} ms`, 'Allow more time, or rename less'),
    command.timeoutMs,
  );
  timer.unref();
  command.signal?.addEventListener('abort', onAbort, { once: true });
  readMessages(program, messageListeners, fail);
  program.stderr?.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-STDERR_LIMIT);
  });
  program.stdin?.on('error', () => undefined);
  void tellEnd(program, fail, endWith);
  if (command.signal?.aborted) onAbort();
  return {
    pid: program.pid ?? -1,
    send: (message, framed) => {
      if (failure) return;
      program.stdin?.write(framed ? encodeMessage(message) : `${JSON.stringify(message)}\n`);
    },
    onMessage: (listener) => messageListeners.push(listener),
    onEnd: (listener) => (failure ? listener(failure) : endListeners.push(listener)),
    dispose: async () => {
      clearTimeout(timer);
      command.signal?.removeEventListener('abort', onAbort);
      fail('it was closed', 'Start it again');
      await program.end();
      deleteHome(home);
    },
  };
}

const deleteHome = (home: string): void => fs.rmSync(home, { recursive: true, force: true });

type Fail = (state: string, fix: string) => void;

/** Tells that it ended by itself, with all it said before. */
async function tellEnd(
  program: Program,
  fail: Fail,
  endWith: (error: SkeinError) => void,
): Promise<void> {
  try {
    const end = await program.ended;
    await drained(program.stderr);
    fail(`it ended (${end.signal ?? `exit ${end.exitCode}`})`, fixOf(end));
  } catch (thrown) {
    // Walls that can't be put up say so themselves, and what to do.
    if (thrown instanceof SkeinError) endWith(thrown);
    else fail(thrown instanceof Error ? thrown.message : String(thrown), INSTALL);
  }
}

const fixOf = ({ exitCode }: ProgramEnd): string =>
  exitCode === NOT_FOUND ? INSTALL : 'Run it again; see the details for its output';

/** What it left running may hold the stream open: that is not waited for. */
async function drained(stream: Readable | null): Promise<void> {
  if (stream === null || stream.closed) return;
  await Promise.race([once(stream, 'close'), sleep(LATE_OUTPUT_MS, undefined, { ref: false })]);
}

function readMessages(
  { stdout }: Program,
  listeners: readonly ((message: unknown) => void)[],
  fail: Fail,
): void {
  const decode = createDecoder();
  stdout?.on('data', (chunk: Buffer) => {
    try {
      for (const message of decode(chunk)) for (const tell of listeners) tell(message);
    } catch (error) {
      fail(error instanceof Error ? error.message : 'it sent nonsense', 'Run it again');
    }
  });
}
