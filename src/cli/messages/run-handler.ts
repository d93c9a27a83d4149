/** Runs somebody's command for a message, and says how that ended. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Letter } from '#bus/inbox/letters.ts';
import type { HeldLetter } from './follow-inbox.ts';

/** How it ended; `output` is what it printed, `reason` why the message is given back. */
export type Handled =
  | { readonly isDone: true; readonly output: string }
  | { readonly isDone: false; readonly reason: string; readonly delayMs: number }
  /** It was ended: the message is back already. */
  | { readonly isDone: 'too late' };

/** The most that is kept of what it prints, in characters. */
const MOST_OUTPUT = 256 * 1024;
const MOST_REASON = 1_000;
const GRACE_MS = 2_000;

/** What was given back comes again after so long, times how often it came. */
const DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 60_000;

/**
 * The command runs in a shell, in this folder, with the message as JSON on its standard input. Its
 * environment is PATH, HOME, LANG and the message's facts as SKEIN_*. It is ended when its time is over:
 * somebody else gets the message then.
 */
export async function runHandler(program: string, letter: HeldLetter): Promise<Handled> {
  const child = spawn('/bin/sh', ['-c', program], {
    env: environmentOf(letter),
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  // Who watches and is stopped takes the command with it: the message comes again.
  const stop = (): void => killGroup(child, 'SIGKILL');
  process.once('exit', stop);
  let isLate = false;
  const end = (): void => {
    isLate = true;
    killGroup(child, 'SIGTERM');
    setTimeout(stop, GRACE_MS).unref();
  };
  const timer = setTimeout(end, Date.parse(letter.until) - Date.now());
  try {
    const { code, output, trouble } = await outcomeOf(child, letter);
    if (code === 0) return { isDone: true, output: output.replace(/\r?\n$/u, '') };
    if (isLate) return { isDone: 'too late' };
    const said = (trouble.trim() || output.trim()).slice(-MOST_REASON);
    const how = `exit code ${code ?? 'none'}`;
    const delayMs = Math.min(DELAY_MS * letter.tries, LONGEST_DELAY_MS);
    return { isDone: false, reason: said === '' ? how : `${how}: ${said}`, delayMs };
  } finally {
    clearTimeout(timer);
    process.removeListener('exit', stop);
  }
}

function environmentOf({ id, from, inbox, kind, priority }: Letter): NodeJS.ProcessEnv {
  const { PATH, HOME, LANG } = process.env;
  return {
    ...(PATH === undefined ? {} : { PATH }),
    ...(HOME === undefined ? {} : { HOME }),
    ...(LANG === undefined ? {} : { LANG }),
    SKEIN_MESSAGE: id,
    SKEIN_FROM: from,
    SKEIN_INBOX: inbox,
    SKEIN_KIND: kind ?? '',
    SKEIN_PRIORITY: priority,
  };
}

interface Outcome {
  readonly code: number | null;
  readonly output: string;
  readonly trouble: string;
}

function outcomeOf(child: ChildProcess, letter: Letter): Promise<Outcome> {
  let output = '';
  let trouble = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    output = (output + chunk).slice(0, MOST_OUTPUT);
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    trouble = (trouble + chunk).slice(-MOST_OUTPUT);
  });
  // It need not read what it is given.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(`${JSON.stringify(letter)}\n`);
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, output, trouble: error.message }));
    child.once('close', (code) => resolve({ code, output, trouble }));
  });
}

function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended.
  }
}
