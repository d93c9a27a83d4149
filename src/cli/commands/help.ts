/** skein help <command>: one command in full, from what the command says of itself. */
import { readFileSync } from 'node:fs';
import { COMMON_OPTIONS, type CliCommand, type CliOption } from '../command.ts';
import { style } from '../terminal/style.ts';

/** Prints the version of this Skein. */
export function printVersion(): number {
  const file = new URL('../../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  process.stdout.write(`skein ${version} (node ${process.versions.node})\n`);
  return 0;
}

/** Prints one command with its options. */
export function printCommand({ usage, summary, options }: CliCommand): number {
  const { bold } = style(process.stdout);
  process.stdout.write(`${bold(`skein ${usage}`)}\n  ${summary}\n\n`);
  const all: Readonly<Record<string, CliOption>> = { ...options, ...COMMON_OPTIONS };
  for (const [name, { short, value, help }] of Object.entries(all)) {
    const left = `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
    process.stdout.write(`  ${left.padEnd(28)} ${help}\n`);
  }
  return 0;
}
