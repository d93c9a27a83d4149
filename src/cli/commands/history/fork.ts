/** skein fork: a new mission that goes on from a moment of another one. */
import { SkeinError } from '#protocol/errors.ts';
import type { MissionState } from '#supervisor/mission-reducer.ts';
import type { Forked } from '#supervisor/supervisor.ts';
import type { CliCommand, Typed } from '../../command.ts';
import { connect } from '../../connect.ts';
import { followMission } from '../../follow-mission.ts';
import { findMission } from '../../mission-lookup.ts';
import { MISSION_OPTIONS, readJobs, readShow, SHOW_OPTIONS } from '../../mission-request.ts';
import { newCommandId } from '../../new-id.ts';

const { repo: _repo, merge: _merge, ...ASKED } = MISSION_OPTIONS;

const MILLIONTHS = 1_000_000;

/** The command. */
export const command: CliCommand = {
  usage:
    'fork [<mission>] [--at <moment>] [--goal "<goal>"] [--budget <dollars>] [--yes] [--detach]',
  summary: 'a new mission that goes on from a moment of another one, which stays as it is',
  words: [0, 1],
  options: {
    at: {
      type: 'string',
      value: '<moment>',
      help: 'an event id, a time, "task 3", "approved", "start" or "end" (default: end)',
    },
    goal: { type: 'string', value: '<goal>', help: 'another goal: it is planned anew' },
    budget: {
      type: 'string',
      value: '<dollars>',
      help: 'what it may spend, never inherited (default: 0, which is what missions cost today)',
    },
    yes: {
      type: 'boolean',
      short: 'y',
      help: 'approve its plan without asking, if it is asked about',
    },
    ...ASKED,
    merge: { ...MISSION_OPTIONS.merge, help: `${MISSION_OPTIONS.merge.help} (never inherited)` },
    detach: { type: 'boolean', help: 'do not wait for the end' },
    ...SHOW_OPTIONS,
  },
  run: async (typed) => {
    const client = await connect(typed);
    const { id: mission, space } = await findMission(client, typed.words[0]);
    const goal = typed.value('goal');
    const input = {
      mission,
      at: typed.value('at') ?? 'end',
      ...(goal === undefined ? {} : { goal }),
      options: readOptions(typed),
      budget: readBudget(typed.value('budget') ?? '0'),
    };
    const call = { id: newCommandId(), name: 'mission.fork', input, space };
    const forked = await client.post<Forked>(call);
    const show = readShow(typed);
    // With --yes a plan that is asked about must be approved first.
    if (typed.flag('detach') && (forked.status === 'running' || !typed.flag('yes'))) {
      const { mission: id } = forked;
      process.stdout.write(show.json ? `${JSON.stringify(forked)}\n` : `mission ${id}\n`);
      return 0;
    }
    return followMission({
      client,
      ...forked,
      ...show,
      answer: { type: typed.flag('yes') ? 'yes' : 'ask' },
      detach: typed.flag('detach'),
    });
  },
};

/** What is asked for otherwise than of the original. */
function readOptions(typed: Typed): Partial<MissionState['options']> {
  const checks = typed.values('check');
  const jobs = readJobs(typed.value('jobs'));
  return {
    ...(checks.length === 0 ? {} : { checks }),
    ...(typed.flag('merge') ? { merge: true } : {}),
    ...(typed.flag('hooks') ? { hooks: true } : {}),
    ...(typed.flag('keep-exports') ? { keepExports: true } : {}),
    ...(jobs === undefined ? {} : { jobs }),
  };
}

/** In millionths of a dollar. */
function readBudget(value: string): number {
  if (/^\d{1,6}(?:\.\d{1,6})?$/u.test(value)) return Math.round(Number(value) * MILLIONTHS);
  throw new SkeinError('usage', `Cannot use --budget ${value}: it is no amount of money`, {
    fix: 'Give dollars, such as 2 or 0.50.',
  });
}
