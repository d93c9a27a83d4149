/** skein inbox: what waits for the person or an agent; takes messages out, and says what became of them. */
import type { InboxContents } from '#api/bus-door.ts';
import type { Letter } from '#bus/inbox/letters.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { CliCommand, Typed } from '../../command.ts';
import { typedSpan } from '../../messages/duration.ts';
import { SPEAK_OPTIONS, speak, type BusClient } from '../../messages/speak-as.ts';
import { deadLines, letterLines, shortIds } from '../../terminal/bus/letter-lines.ts';
import { readData } from '../../terminal/read-data.ts';
import { style } from '../../terminal/style.ts';
import { count } from '../../terminal/wording.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'inbox [--take <n> | --follow | --dead | --ack <id>... | --nack <id> [--in <time>]]',
  summary: 'what waits for you or, with --as, for an agent; looking at it changes nothing',
  words: [0, 0],
  options: {
    peek: { type: 'boolean', help: 'only look (that is what it does without other options)' },
    take: {
      type: 'string',
      value: '<n>',
      help: 'have so many handed out: say then --ack or --nack',
    },
    follow: { type: 'boolean', short: 'f', help: 'go on as messages come; hands out nothing' },
    ack: { type: 'string', multiple: true, value: '<id>', help: 'it is done with (repeatable)' },
    nack: { type: 'string', value: '<id>', help: 'give it back: it comes again' },
    in: { type: 'string', value: '<time>', help: 'with --nack: not before 30s, 5m, 2h are over' },
    reason: { type: 'string', value: '<text>', help: 'with --nack: why' },
    dead: { type: 'boolean', help: 'messages that were given up, and why' },
    ...SPEAK_OPTIONS,
  },
  run: async (typed) => {
    assertOneWish(typed);
    const bus = await speak(typed);
    const acked = typed.values('ack');
    const nacked = typed.value('nack');
    const take = typed.value('take');
    if (acked.length > 0) return ack(bus, acked);
    if (nacked !== undefined) return nack(bus, nacked, typed);
    if (take !== undefined) return printTaken(await taken(bus, take), typed);
    if (typed.flag('follow')) return follow(bus, typed);
    const contents = await bus.post<InboxContents>('inbox.peek', {});
    if (typed.flag('dead')) return printDead(contents, typed);
    return printContents(contents, typed);
  },
};

const WISHES = ['take', 'follow', 'ack', 'nack', 'dead', 'peek'] as const;

function assertOneWish(typed: Typed): void {
  const said = WISHES.filter((name) => typed.flag(name) || typed.values(name).length > 0);
  if (said.length > 1) {
    throw new SkeinError('usage', `Cannot do --${said.join(' and --')} at once`, {
      fix: 'Say one of them.',
    });
  }
  const isLoose = typed.value('nack') === undefined;
  if (isLoose && (typed.value('in') ?? typed.value('reason')) !== undefined) {
    throw new SkeinError('usage', 'Cannot use --in or --reason without --nack');
  }
}

async function ack({ post }: BusClient, ids: readonly string[]): Promise<number> {
  for (const message of ids) await post('message.ack', { message });
  process.stderr.write(`${count(ids.length, 'message')} done with.\n`);
  return 0;
}

async function nack({ post }: BusClient, message: string, typed: Typed): Promise<number> {
  const reason = typed.value('reason') ?? 'given back';
  await post('message.nack', { message, reason, ...typedSpan(typed, 'in', 'delayMs') });
  process.stderr.write('Given back.\n');
  return 0;
}

async function taken({ post }: BusClient, take: string): Promise<readonly Letter[]> {
  const most = Number(take);
  if (!Number.isInteger(most) || most < 1 || most > 1_000) {
    throw new SkeinError('usage', `Cannot take ${take.slice(0, 20)} messages: say 1 to 1000`);
  }
  return (await post<{ letters: readonly Letter[] }>('message.deliver', { most })).letters;
}

function printTaken(letters: readonly Letter[], typed: Typed): number {
  print(letters, typed);
  if (letters.length === 0) process.stderr.write('Nothing to be handed out now.\n');
  else if (!typed.flag('json')) process.stderr.write(`${howToEnd(typed.value('as'))}\n`);
  return 0;
}

function howToEnd(name: string | undefined): string {
  const as = name === undefined ? '' : ` --as ${name}`;
  return `Then: skein inbox${as} --ack <id>, or --nack <id>; or skein reply <id> <text>${as}`;
}

function print(letters: readonly Letter[], typed: Typed): void {
  const painted = style(process.stdout);
  const short = shortIds(letters.map(({ id }) => id));
  for (const letter of letters) {
    const lines = typed.flag('json')
      ? [JSON.stringify(letter)]
      : letterLines(letter, short(letter.id), painted);
    process.stdout.write(`${lines.join('\n')}\n`);
  }
}

function printContents({ messages, deferred, inbox, status }: InboxContents, typed: Typed): number {
  print(messages, typed);
  if (typed.flag('json')) return 0;
  const more = deferred > 0 ? `; ${deferred} more have no room in it yet` : '';
  const closed = status === 'closed' ? ' (closed: the agent has retired)' : '';
  if (status === 'none') process.stderr.write(`${inbox} has no inbox in this space.\n`);
  else if (messages.length === 0) process.stderr.write(`Nothing waits for ${inbox}${closed}.\n`);
  else process.stderr.write(`${count(messages.length, 'message')} for ${inbox}${closed}${more}\n`);
  return 0;
}

function printDead({ dead, died, inbox }: InboxContents, typed: Typed): number {
  const painted = style(process.stdout);
  const short = shortIds(dead.map(({ id }) => id));
  for (const each of dead) {
    const lines = typed.flag('json')
      ? [JSON.stringify(each)]
      : deadLines(each, short(each.id), painted);
    process.stdout.write(`${lines.join('\n')}\n`);
  }
  if (dead.length === 0) process.stderr.write(`No message for ${inbox} was given up.\n`);
  else if (died > dead.length) {
    process.stderr.write(`The last ${dead.length} of ${died}; all are on the record.\n`);
  }
  return 0;
}

async function follow({ client, path }: BusClient, typed: Typed): Promise<number> {
  process.once('SIGINT', () => process.exit(130));
  const lines = client.lines(path('/v1/inbox/~', { follow: '1', peek: '1' }));
  for await (const line of lines) print([readData(line) as Letter], typed);
  return 0;
}
