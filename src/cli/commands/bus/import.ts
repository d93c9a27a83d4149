/** skein import: takes over the messages and agents of an old bus; says first what it found. */
import type { OldBus, ReadOptions } from '#daemon/import/old-bus.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { CliCommand, CliOption, Typed } from '../../command.ts';
import { connect } from '../../connect.ts';
import { offsetOf } from '../../import/read-options.ts';
import { takeOver } from '../../import/take-over.ts';
import { importLines, takenLines } from '../../terminal/bus/import-lines.ts';
import { style } from '../../terminal/style.ts';

/** Options that say how the files of an old bus are read. */
const READ_OPTIONS = {
  map: {
    type: 'string',
    multiple: true,
    value: '<field>=<column>',
    help: 'which column a field is in (repeatable; nothing after = when it is in none)',
  },
  table: { type: 'string', value: '<name>', help: 'the table of messages (default: messages)' },
  source: {
    type: 'string',
    value: '<name>',
    help: 'tells apart two buses whose messages are alike in id, text, time and names',
  },
  'utc-offset': {
    type: 'string',
    value: '<+hh:mm>',
    help: 'how far east of UTC times are that name no zone (default: +00:00)',
  },
  'low-is-urgent': { type: 'boolean', help: 'of numbers as priorities the low ones are urgent' },
} as const satisfies Record<string, CliOption>;

/** The command. */
export const command: CliCommand = {
  usage: 'import (chaiwala <database> | outbox <folder>) [--map <field>=<column>]... [--yes]',
  summary:
    'take over the messages of an old bus; says first what it found. Again: only what is new',
  words: [2, 2],
  options: {
    ...READ_OPTIONS,
    space: {
      type: 'string',
      value: '<name>',
      help: "the space that takes them (default: the home's space for messages)",
    },
    yes: { type: 'boolean', short: 'y', help: 'do it (without it, only say what would come)' },
  },
  run: async (typed) => {
    const bus = await openBus(typed);
    try {
      const { mapping, survey } = bus;
      if (typed.flag('json')) process.stdout.write(`${JSON.stringify({ mapping, survey })}\n`);
      else tellFound(bus);
      if (typed.flag('yes')) return await carryOut(bus, typed);
      process.stderr.write('Nothing was written. To take it over: the same with --yes\n');
      return 0;
    } finally {
      bus.close();
    }
  },
};

async function carryOut(bus: OldBus, typed: Typed): Promise<number> {
  const client = await connect(typed);
  const total = bus.survey.messages;
  const isTold = process.stderr.isTTY === true && !typed.flag('json');
  const progress = (through: number): void => {
    if (isTold) process.stderr.write(`\r${through} of ${total} messages`);
  };
  const found = { agents: bus.survey.agents, messages: bus.messages() };
  const taken = await takeOver(found, { client, space: typed.value('space'), progress });
  if (isTold) process.stderr.write('\n');
  const left = bus.survey.problems.filter((problem) => problem.left);
  const leftOut = left.reduce((sum, problem) => sum + problem.count, 0);
  if (typed.flag('json')) process.stdout.write(`${JSON.stringify({ ...taken, leftOut })}\n`);
  else process.stdout.write(`${takenLines(taken, leftOut).join('\n')}\n`);
  return taken.refusals + leftOut > 0 ? 1 : 0;
}

async function openBus(typed: Typed): Promise<OldBus> {
  const [kind = '', path = ''] = typed.words;
  const options = readOptions(typed);
  switch (kind) {
    case 'chaiwala':
      return (await import('#daemon/import/chaiwala/read-chaiwala.ts')).openChaiwala(path, options);
    case 'outbox':
      return (await import('#daemon/import/outbox/read-outbox.ts')).openOutbox(path, options);
    default:
      throw new SkeinError('usage', `Cannot import "${kind}": it is no kind of bus`, {
        fix: 'Say "chaiwala <database>" or "outbox <folder>".',
      });
  }
}

/** How the bus is to be read, as it was typed; throws `usage` for an offset that is none. */
export function readOptions(typed: Typed): ReadOptions {
  const [source, table] = [typed.value('source'), typed.value('table')];
  return {
    map: typed.values('map'),
    utcOffsetMinutes: offsetOf(typed.value('utc-offset')),
    lowIsUrgent: typed.flag('low-is-urgent'),
    ...(source === undefined ? {} : { source }),
    ...(table === undefined ? {} : { table }),
  };
}

const tellFound = (bus: OldBus): void => {
  const lines = importLines(bus, style(process.stdout));
  process.stdout.write(`${lines.join('\n')}\n`);
};
