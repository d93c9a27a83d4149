/** Parses what was typed after a command, and refuses what the command does not take. */
import { SkeinError } from '#protocol/errors.ts';
import { COMMON_OPTIONS, type CliCommand, type CliOption, type Typed } from './command.ts';

// An import would load all that it exports.
const { parseArgs } = process.getBuiltinModule('node:util');

/** The words and options of a call; throws `usage` for unknown ones and for too many or few. */
export function parseWords(verb: string, command: CliCommand, typed: readonly string[]): Typed {
  const options = { ...COMMON_OPTIONS, ...command.options };
  const { values, positionals } = parse(verb, command, typed, options);
  const [least, most] = command.words;
  if (positionals.length < least || positionals.length > most) {
    const range = least === most ? `${least}` : `${least} to ${most}`;
    const takes = `${range} ${most === 1 ? 'word' : 'words'}`;
    const quote = most > 0 && positionals.length > most ? ': what has spaces needs quotes' : '';
    throw usage(verb, command, `it takes ${takes}, not ${positionals.length}${quote}`);
  }
  const all = (name: string): readonly string[] => {
    const value = values[name];
    if (value === undefined || typeof value === 'boolean') return [];
    return Array.isArray(value) ? value.map(String) : [String(value)];
  };
  return {
    words: positionals,
    flag: (name) => values[name] === true,
    value: (name) => all(name).at(-1),
    values: all,
  };
}

type Values = Record<string, unknown>;

function parse(
  verb: string,
  command: CliCommand,
  typed: readonly string[],
  options: Readonly<Record<string, CliOption>>,
): { values: Values; positionals: string[] } {
  const wanted = Object.entries(options).map(([name, { type, short, multiple }]) => {
    const rest = {
      ...(short === undefined ? {} : { short }),
      ...(multiple === true ? { multiple } : {}),
    };
    return [name, { type, ...rest }] as const;
  });
  try {
    const parsed = parseArgs({
      args: [...typed],
      options: Object.fromEntries(wanted),
      allowPositionals: true,
      strict: true,
    });
    return { values: parsed.values as Values, positionals: parsed.positionals };
  } catch (cause) {
    // The first sentence says what is wrong; the rest is advice about "--".
    throw usage(verb, command, (cause as Error).message.split(/\.?\n|\. /u)[0] ?? '', cause);
  }
}

const usage = (verb: string, command: CliCommand, state: string, cause?: unknown): SkeinError =>
  new SkeinError('usage', `Cannot run ${verb}: ${state}`, {
    fix: `Usage: skein ${command.usage}`,
    cause,
  });
