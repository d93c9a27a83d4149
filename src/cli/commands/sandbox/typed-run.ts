/** Reads from what was typed which program is to run, with which files and behind what. */
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { nearWords } from '#lib/near-words.ts';
import { SkeinError } from '#protocol/errors.ts';
import { CODE_LIMITS, COMMAND_LIMITS, limitsOf } from '#sandbox/limits.ts';
import { STRENGTHS, type Language, type Program, type Tier } from '#sandbox/sandbox.ts';
import type { Typed } from '../../command.ts';
import { givenFiles } from './given-files.ts';
import { typedLimits } from './typed-limits.ts';

const LANGUAGES: Readonly<Record<string, Language>> = {
  python: 'python',
  py: 'python',
  js: 'javascript',
  javascript: 'javascript',
  ts: 'typescript',
  typescript: 'typescript',
};

const ENDINGS: Readonly<Record<string, Language>> = {
  '.py': 'python',
  '.js': 'javascript',
  '.mjs': 'javascript',
  '.ts': 'typescript',
  '.mts': 'typescript',
};

const TIERS: readonly Tier[] = ['T0', 'T1', 'T1+', 'T2', 'T3'];

/** The body of `POST /v1/sandbox/runs`, without its space. */
export async function typedRun(typed: Typed): Promise<object> {
  const program = await typedProgram(typed);
  assertFitting(typed);
  const asked = typedLimits(typed.values('limit'));
  const defaults = program.type === 'command' ? COMMAND_LIMITS : CODE_LIMITS;
  const limits = limitsOf(defaults, asked);
  const stdin = typed.value('stdin');
  const hosts = typed.values('network');
  const least = oneOf(typed, 'least', STRENGTHS);
  const tier = oneOf(typed, 'tier', TIERS);
  const files = await givenFiles(process.cwd(), typed.values('file'), limits);
  return {
    program,
    ...(stdin === undefined ? {} : { stdin: (await read(stdin)).toString('base64') }),
    ...(files.length === 0 ? {} : { files }),
    ...(least === undefined ? {} : { least }),
    ...(tier === undefined ? {} : { tier }),
    ...(Object.keys(asked).length === 0 ? {} : { limits: asked }),
    ...typedDeterminism(typed),
    ...(hosts.length === 0 ? {} : { network: { allow: hosts } }),
    ...(typed.flag('tools') ? { tools: { repository: process.cwd() } } : {}),
  };
}

/** What means nothing for a command is refused: somebody relies on it. */
function assertFitting(typed: Typed): void {
  if (!typed.flag('command')) return;
  const given = ['seed', 'time', 'tools', 'lang'].find(
    (name) => typed.value(name) !== undefined || typed.flag(name),
  );
  if (given === undefined) return;
  throw new SkeinError(
    'usage',
    `Cannot run a command with --${given}: that is for programs in a language`,
  );
}

async function typedProgram(typed: Typed): Promise<Program> {
  const [, first, ...rest] = typed.words;
  if (first === undefined) {
    throw new SkeinError('usage', 'Cannot run: no program was typed', {
      fix: 'Type a file, - for what comes by standard input, or --command -- npm test',
    });
  }
  if (typed.flag('command')) return { type: 'command', argv: [first, ...rest] };
  const language = typedLanguage(typed.value('lang'), first);
  const source = (await read(first)).toString('utf8');
  return { type: 'code', language, source, ...(rest.length === 0 ? {} : { args: rest }) };
}

function typedLanguage(word: string | undefined, file: string): Language {
  const found = word === undefined ? ENDINGS[extname(file)] : LANGUAGES[word.toLowerCase()];
  if (found !== undefined) return found;
  if (word === undefined) {
    throw new SkeinError('usage', `Cannot tell what ${file.slice(0, 80)} is written in`, {
      fix: 'Say --lang python, js or ts; to run a command say --command -- <words>.',
    });
  }
  throw unknownWord('lang', word, Object.keys(LANGUAGES));
}

function oneOf<T extends string>(typed: Typed, name: string, all: readonly T[]): T | undefined {
  const word = typed.value(name);
  if (word === undefined) return undefined;
  const found = all.find((each) => each.toLowerCase() === word.toLowerCase());
  if (found === undefined) throw unknownWord(name, word, all);
  return found;
}

function unknownWord(option: string, word: string, all: readonly string[]): SkeinError {
  const near = nearWords(word.slice(0, 40), all);
  return new SkeinError('usage', `Cannot use --${option} ${word.slice(0, 40)}: there is none`, {
    fix: near.length > 0 ? `Did you mean ${near.join(' or ')}?` : `It is one of ${all.join(', ')}.`,
  });
}

function typedDeterminism(typed: Typed): object {
  const [seed, time] = [typed.value('seed'), typed.value('time')];
  if (seed === undefined && time === undefined) return {};
  if (seed === undefined) {
    throw new SkeinError('usage', 'Cannot fix the time alone: --time goes with --seed', {
      fix: 'Say --seed 1 too.',
    });
  }
  if (!/^\d{1,15}$/u.test(seed)) {
    throw new SkeinError('usage', 'Cannot fix chance and time: --seed has to be a whole number');
  }
  const timeMs = time === undefined ? 0 : Date.parse(time);
  if (Number.isNaN(timeMs)) {
    throw new SkeinError('usage', `Cannot read --time ${time?.slice(0, 40)} as a time`, {
      fix: 'Such as: 2026-01-31T12:00:00Z',
    });
  }
  return { deterministic: { seed: Number(seed), timeMs } };
}

/** A file, or with `-` all that comes by standard input. */
async function read(file: string): Promise<Buffer> {
  if (file === '-') {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }
  try {
    return await readFile(file);
  } catch (cause) {
    const message = `Cannot read ${file.slice(0, 200)}: ${(cause as NodeJS.ErrnoException).code}`;
    throw new SkeinError('not-found', message, { cause });
  }
}
