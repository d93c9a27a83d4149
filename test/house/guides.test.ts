/** What the guides tell people to type exists: every command, and the options it is given there. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { COMMON_OPTIONS, type CliCommand } from '#cli/command.ts';
import { ROOT } from './source-files.ts';

const read = (file: string): string => fs.readFileSync(path.join(ROOT, file), 'utf8');

/** The module of each command, as the command line finds it. */
const MODULES = new Map(
  Array.from(
    read('src/cli/main.ts').matchAll(/^ {2}'?([\w-]+)'?: \(\) => import\('([^']+)'\)/gmu),
    ([, verb = '', file = '']) => [verb, path.join(ROOT, 'src/cli', file)],
  ),
);

interface Typed {
  readonly verb: string;
  readonly options: readonly string[];
}

/** Commands in code: after a prompt or alone on a line of a block, or between backticks. */
function typedIn(text: string): Typed[] {
  const blocks = Array.from(text.matchAll(/^(?:\$ )?skein ([a-z-]+)(.*)$/gmu));
  const inline = Array.from(text.matchAll(/`skein ([a-z-]+)([^`]*)`/gu));
  return [...blocks, ...inline].map(([, verb = '', rest = '']) => {
    // What stands in quotes belongs to a goal or a check, what stands after "--" to another program.
    const own = rest.replaceAll(/"[^"]*"|'[^']*'/gu, '').replace(/ -- .*$/u, '');
    const options = own.matchAll(/(?<= )--([a-z-]+)/gu);
    return { verb, options: Array.from(options, ([, name = '']) => name) };
  });
}

async function problemsOf(text: string): Promise<string[]> {
  const problems: string[] = [];
  for (const { verb, options } of typedIn(text)) {
    const file = MODULES.get(verb);
    if (file === undefined) {
      problems.push(`skein ${verb}: there is no such command`);
      continue;
    }
    const { command } = (await import(pathToFileURL(file).href)) as { command: CliCommand };
    const known = { ...COMMON_OPTIONS, ...command.options };
    const unknown = options.filter((name) => !Object.hasOwn(known, name));
    problems.push(...unknown.map((name) => `skein ${verb}: there is no option --${name}`));
  }
  return problems;
}

describe('the guides', () => {
  const guides = fs
    .readdirSync(path.join(ROOT, 'docs/guides'))
    .filter((name) => name.endsWith('.md'));

  it('name only commands and options that there are', async () => {
    for (const name of guides)
      assert.deepEqual(await problemsOf(read(`docs/guides/${name}`)), [], name);
  });

  it('are read well: each way of naming a command counts, and one that is not there is found', async () => {
    const typed = typedIn(read('docs/guides/what-happened.md')).map(({ verb }) => verb);
    for (const verb of [
      'show',
      'log',
      'why',
      'rewind',
      'fork',
      'compare',
      'replay',
      'verify',
      'prune',
    ]) {
      assert.ok(typed.includes(verb), verb);
    }
    const wrong =
      '```\n$ skein whi a:1\nskein why a:1 --al --all "--none"\n```\nand `skein log --at x --so`';
    assert.deepEqual(await problemsOf(wrong), [
      'skein whi: there is no such command',
      'skein why: there is no option --al',
      'skein log: there is no option --so',
    ]);
  });
});
