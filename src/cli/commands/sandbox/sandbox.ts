/** skein sandbox: runs programs that nobody trusts; what holds them here, and whether it does. */
import { nearWords } from '#lib/near-words.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { CliCommand, Typed } from '../../command.ts';
import { SPEAK_OPTIONS } from '../../messages/speak-as.ts';

type Part = (typed: Typed) => Promise<number>;

/** What can be typed after it; each part is loaded when it is called. */
const PARTS: Readonly<Record<string, () => Promise<Part>>> = {
  run: async () => (await import('./run-program.ts')).runProgram,
  show: async () => (await import('./show-run.ts')).showRun,
  probe: async () => (await import('./probe-tiers.ts')).probeTiers,
  attack: async () => (await import('./attack-tiers.ts')).attackTiers,
};

/** The command. */
export const command: CliCommand = {
  usage:
    'sandbox run <file | -> [-- <args>] | run --command -- <words> | show <run> | probe | attack',
  summary: 'run a program that nobody trusts, recorded and held; see what holds here, and try it',
  words: [1, 1_000],
  options: {
    lang: {
      type: 'string',
      value: '<language>',
      help: 'python, js or ts (default: by its ending)',
    },
    command: { type: 'boolean', help: 'run: the words are a command, such as: npm test' },
    tier: {
      type: 'string',
      value: '<tier>',
      multiple: true,
      help: 'T0, T1, T1+, T2 or T3, and no other (attack: repeatable)',
    },
    least: {
      type: 'string',
      value: '<strength>',
      help: 'run: runtime, kernel, double or machine (default: runtime; kernel for a command)',
    },
    limit: {
      type: 'string',
      multiple: true,
      value: '<name=value>',
      help: 'run: wall=5s, cpu=5s, memory=512mb, fuel=1000000, output=1mb, processes=8 ... (repeatable)',
    },
    file: {
      type: 'string',
      multiple: true,
      value: '<glob>',
      help: 'run: files from here that it gets, as copies (repeatable)',
    },
    stdin: { type: 'string', value: '<file>', help: 'run: what it reads from its standard input' },
    seed: { type: 'string', value: '<n>', help: 'run: chance that is the same every time' },
    time: { type: 'string', value: '<ISO time>', help: 'run: a clock that stands (with --seed)' },
    network: {
      type: 'string',
      multiple: true,
      value: '<host>',
      help: 'run: a host it may reach, by the proxy of the node (repeatable; default: none)',
    },
    tools: {
      type: 'boolean',
      help: "run: the program may call Skein's tools, for this repository",
    },
    diff: { type: 'boolean', help: 'run, show: what it changed, as a unified diff' },
    output: { type: 'boolean', help: 'show: what it printed, as far as it is kept' },
    again: { type: 'boolean', help: 'probe: try again instead of telling what was found before' },
    ...SPEAK_OPTIONS,
  },
  run: async (typed) => {
    const [word = ''] = typed.words;
    const load = Object.hasOwn(PARTS, word) ? PARTS[word] : undefined;
    if (load !== undefined) return (await load())(typed);
    const near = nearWords(word, Object.keys(PARTS));
    throw new SkeinError(
      'usage',
      `Cannot run sandbox ${word.slice(0, 40)}: there is no such part`,
      {
        fix:
          near.length > 0
            ? `Did you mean: skein sandbox ${near.join(' or ')}?`
            : `Parts are ${Object.keys(PARTS).join(', ')}; see: skein help sandbox`,
      },
    );
  },
};
