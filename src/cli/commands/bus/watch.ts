/** skein watch: takes messages as they come; prints each, or runs a command for it. */
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { CliCommand, Typed } from '../../command.ts';
import { followInbox, sayUntilHeard, type HeldLetter } from '../../messages/follow-inbox.ts';
import { runHandler } from '../../messages/run-handler.ts';
import { SPEAK_OPTIONS } from '../../messages/speak-as.ts';
import { letterLines } from '../../terminal/bus/letter-lines.ts';
import { style } from '../../terminal/style.ts';
import { firstLine } from '../../terminal/wording.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'watch [--as <agent>] [--exec <command>]',
  summary: 'take messages as they come: print each, or run a command for it',
  words: [0, 0],
  options: {
    exec: {
      type: 'string',
      value: '<command>',
      help: 'run it with the message as JSON on stdin: exit code 0 = done with, its output is the answer',
    },
    keep: {
      type: 'boolean',
      help: 'what is printed is not done with: say skein inbox --ack or skein reply for each',
    },
    most: { type: 'string', value: '<n>', help: 'with --keep: how many at once (default: 1)' },
    once: { type: 'boolean', help: 'end after one message' },
    ...SPEAK_OPTIONS,
  },
  run: async (typed) => {
    const most = mostOf(typed);
    const program = programOf(typed);
    const stop = new AbortController();
    process.once('SIGINT', () => process.exit(130));
    process.once('SIGTERM', () => process.exit(143));
    for await (const letter of followInbox(typed, most, stop.signal)) {
      if (program !== undefined) await handle(letter, program, typed);
      else await show(letter, typed);
      if (typed.flag('once')) break;
    }
    stop.abort();
    return 0;
  },
};

/** An empty command, of a variable that is not set, would succeed: every message would be done with. */
function programOf(typed: Typed): string | undefined {
  const program = typed.value('exec');
  if (program?.trim() !== '') return program;
  throw new SkeinError('usage', 'Cannot run a command for each message: --exec is empty');
}

function mostOf(typed: Typed): number {
  const [word, program] = [typed.value('most'), typed.value('exec')];
  if (program !== undefined && (typed.flag('keep') || word !== undefined)) {
    throw new SkeinError('usage', 'Cannot use --keep or --most with --exec', {
      fix: 'The command says what becomes of each message, one after the other.',
    });
  }
  const most = Number(word ?? '1');
  if (Number.isInteger(most) && most >= 1 && most <= 1_000) return most;
  throw new SkeinError('usage', `Cannot use --most ${word}: say 1 to 1000`);
}

/** Done with once it is printed: whoever reads our output has it then. */
async function show(letter: HeldLetter, typed: Typed): Promise<void> {
  const lines = typed.flag('json')
    ? [JSON.stringify(letter)]
    : letterLines(letter, letter.id, style(process.stdout));
  await new Promise<void>((resolve) => {
    process.stdout.write(`${lines.join('\n')}\n`, () => resolve());
  });
  if (!typed.flag('keep')) await say(typed, 'message.ack', { message: letter.id });
}

async function handle(letter: HeldLetter, program: string, typed: Typed): Promise<void> {
  const { id: message, kind } = letter;
  const ended = await runHandler(program, letter);
  const wantsAnswer = kind === 'ask' || letter.answerBy !== undefined;
  if (ended.isDone === 'too late') {
    tell(`${message} took too long; it comes again`);
  } else if (!ended.isDone) {
    const { reason, delayMs } = ended;
    if (await say(typed, 'message.nack', { message, reason, delayMs }))
      tell(`${message} given back: ${firstLine(reason)}`);
  } else if (wantsAnswer) {
    if (await say(typed, 'message.reply', { message, text: ended.output }))
      tell(`${message} answered`);
  } else {
    if (ended.output !== '') process.stdout.write(`${ended.output}\n`);
    if (await say(typed, 'message.ack', { message })) tell(`${message} done with`);
  }
}

/** Answers whether it counted: when it took too long, somebody else may have been before us. */
async function say(typed: Typed, name: string, input: object): Promise<boolean> {
  try {
    await sayUntilHeard(typed, name, input);
    return true;
  } catch (thrown) {
    const error = toSkeinError(thrown);
    if (error.name !== 'conflict' && error.name !== 'not-found') throw thrown;
    tell(error.message);
    return false;
  }
}

const tell = (line: string): void => void process.stderr.write(`${line}\n`);
