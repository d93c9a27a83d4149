/** Shows an error: for people on stderr, with --json as one line of JSON there. */
import { ERRORS, toErrorBody, toSkeinError } from '#protocol/errors.ts';
import { style } from './style.ts';

/**
 * Prints what was attempted, what the state is, what to do next, and the stable code; answers the
 * exit status.
 */
export function reportError(thrown: unknown, json: boolean): number {
  const error = toSkeinError(thrown);
  const { exit } = ERRORS[error.name];
  if (json) {
    process.stderr.write(`${JSON.stringify(toErrorBody(error))}\n`);
    return exit;
  }
  const { red, dim } = style(process.stderr);
  const [first = '', ...more] = error.message.split('\n');
  const code = dim(`(${error.code} ${error.name})`);
  process.stderr.write(`${[`${red('error')} ${first} ${code}`, ...more].join('\n')}\n`);
  if (error.fix !== undefined) process.stderr.write(`  ${error.fix}\n`);
  if (error.name === 'internal' && process.env['SKEIN_DEBUG'] !== undefined) {
    process.stderr.write(`${(error.cause as Error | undefined)?.stack ?? error.stack ?? ''}\n`);
  }
  return exit;
}
