/** What a command of the command line is. Data goes to stdout, progress and trouble to stderr. */

/** An option as `node:util` parses it; `help` is one line. */
export interface CliOption {
  readonly type: 'boolean' | 'string';
  readonly short?: string;
  readonly multiple?: boolean;
  readonly value?: string;
  readonly help: string;
}

/** What was typed after the command's name. */
export interface Typed {
  readonly words: readonly string[];
  readonly flag: (name: string) => boolean;
  readonly value: (name: string) => string | undefined;
  readonly values: (name: string) => readonly string[];
}

/** A command. `run` answers the exit status; `words` says how many plain words it takes. */
export interface CliCommand {
  readonly usage: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, CliOption>>;
  readonly words: readonly [least: number, most: number];
  readonly run: (typed: Typed) => Promise<number>;
}

/** Options that every command takes. */
export const COMMON_OPTIONS = {
  home: {
    type: 'string',
    value: '<folder>',
    help: 'the home of the node (default: $SKEIN_HOME, else $XDG_DATA_HOME/skein)',
  },
  json: { type: 'boolean', help: 'data as JSON on stdout' },
} as const satisfies Record<string, CliOption>;
