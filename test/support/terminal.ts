/**
 * A real terminal (tmux, with a server of its own) that a program runs in: for tests of what a
 * person sees. Where tmux is missing they are skipped, with the line that installs it.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { without } from './fault-tools.ts';

/** Why there is no terminal; false when there is one, as node:test wants it. */
export const withoutTerminal = (): string | false => without('tmux', 'tmux');

/** A terminal at work. */
export interface Terminal {
  /** What is on the screen now, without paint; trailing blank lines are left out. */
  readonly screen: () => string;
  /** The screen and all that has scrolled out of it. */
  readonly everything: () => string;
  /** Waits until the screen matches; throws after a minute, showing it. */
  readonly saw: (pattern: RegExp) => Promise<void>;
  /** Types: text as it is, keys by tmux's names (Enter, C-c). */
  readonly type: (...keys: readonly string[]) => void;
  readonly resize: (columns: number, rows: number) => void;
  /** A variable of tmux's, such as `cursor_x`, `cursor_flag`, `wrap_flag`. */
  readonly variable: (name: string) => string;
}

/** What runs in a terminal, its environment and size. */
export interface TerminalCall {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly columns: number;
  readonly rows: number;
}

const TIMEOUT_MS = 60_000;
const POLL_MS = 40;

const folders: string[] = [];
let opened = 0;
const tmux = (...words: readonly string[]): string =>
  execFileSync('tmux', ['-u', '-f', '/dev/null', ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });

after(() => {
  for (const folder of folders) {
    try {
      tmux('-S', join(folder, 'socket'), 'kill-server');
    } catch {
      // It has gone with its last program.
    }
    rmSync(folder, { recursive: true, force: true });
  }
});

const quote = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** Runs a command in a new terminal. When it has ended, the screen says `ended with <status>`. */
export function openTerminal({ command, env = {}, columns, rows }: TerminalCall): Terminal {
  const folder = mkdtempSync(join(tmpdir(), 'skein-terminal-'));
  folders.push(folder);
  opened += 1;
  const session = `test-${opened}`;
  const here = (...words: readonly string[]): string =>
    tmux('-S', join(folder, 'socket'), ...words);
  const least = {
    PATH: process.env['PATH'] ?? '',
    TERM: 'screen-256color',
    LANG: 'C.UTF-8',
    ...env,
  };
  const set = Object.entries(least).map(([name, value]) => quote(`${name}=${value}`));
  const call = `env -i ${set.join(' ')} ${command.map(quote).join(' ')}`;
  // Ctrl-C is for the program; the shell lives on to tell how it ended, then waits.
  const shell = `trap : INT; ${call}; printf 'ended with %s\\n' $?; cat`;
  const size = ['-x', String(columns), '-y', String(rows)];
  here('new-session', '-d', '-s', session, ...size, 'sh', '-c', shell);
  const capture = (...words: readonly string[]): string =>
    here('capture-pane', '-p', '-t', session, ...words).trimEnd();
  const screen = (): string => capture();
  return {
    screen,
    everything: () => capture('-S', '-', '-J'),
    saw: async (pattern) => {
      const deadline = performance.now() + TIMEOUT_MS;
      while (!pattern.test(screen())) {
        if (performance.now() > deadline)
          throw new Error(`Waited for ${pattern}, saw:\n${screen()}`);
        await sleep(POLL_MS);
      }
    },
    type: (...keys) => void here('send-keys', '-t', session, ...keys),
    resize: (width, height) =>
      void here('resize-window', '-t', session, '-x', String(width), '-y', String(height)),
    variable: (name) => here('display-message', '-p', '-t', session, `#{${name}}`).trim(),
  };
}
