/** skein rewind: a mission as it stood at a moment: a view, its diff, or its files in a folder. */
import { resolve } from 'node:path';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { WrittenThen } from '#supervisor/history/rewind-files.ts';
import type { PlanState } from '#supervisor/mission-reducer.ts';
import type { LeaseState, TaskState } from '#tasks/task-reducer.ts';
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import { missingLines, printDiffThen } from '../../history/diff-then.ts';
import { AT_OPTION, fetchThen, momentLine, type MissionThen } from '../../history/mission-then.ts';
import { findMission, shortId, type FoundMission } from '../../mission-lookup.ts';
import { newCommandId } from '../../new-id.ts';
import type { NodeClient } from '../../node-client.ts';
import { reportError } from '../../terminal/report-error.ts';
import { style, type Style } from '../../terminal/style.ts';
import { shownTasks, taskLines } from '../../terminal/task-lines.ts';
import { count, firstLine, pathList, short, size, taskName } from '../../terminal/wording.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'rewind [<mission>] [--at <moment>] [--diff | --to <folder>]',
  summary:
    'a mission as it stood at a moment; its diff then, or its files in a folder of their own',
  words: [0, 1],
  options: {
    at: { ...AT_OPTION.at, help: `${AT_OPTION.at.help} (default: end)` },
    diff: { type: 'boolean', help: 'what it had changed by then, as a unified diff' },
    to: {
      type: 'string',
      value: '<folder>',
      help: 'write the files as they were into this new or empty folder',
    },
  },
  run: async (typed) => {
    const to = typed.value('to');
    const [at, json] = [typed.value('at') ?? 'end', typed.flag('json')];
    if (to !== undefined && typed.flag('diff')) {
      throw new SkeinError('usage', 'Cannot show a diff and write files: use --diff or --to');
    }
    const client = await connect(typed);
    const mission = await findMission(client, typed.words[0]);
    if (typed.flag('diff')) return printDiffThen(client, mission, { at, json });
    if (to !== undefined) {
      const request = { at, json, folder: resolve(to) };
      return writeFiles(client, mission, request).catch((thrown: unknown) => gone(thrown, json));
    }
    const then = await fetchThen(client, mission, { at, kinds: ['plan', 'task', 'lease'] });
    const lines = json ? [JSON.stringify(toData(then))] : viewLines(then, style(process.stdout));
    process.stdout.write(`${lines.join('\n')}\n`);
    return 0;
  },
};

interface WriteRequest {
  readonly at: string;
  readonly json: boolean;
  /** Absolute. */
  readonly folder: string;
}

/** All of it or nothing: a tree with holes would pass for the real one. */
async function writeFiles(
  client: NodeClient,
  { id: mission, space }: FoundMission,
  { at, json, folder: to }: WriteRequest,
): Promise<number> {
  const input = { mission, at, folder: to };
  const call = { id: newCommandId(), name: 'mission.write-at', input, space };
  const written = await client.post<WrittenThen>(call);
  const { folder, missing, differing } = written;
  if (json) process.stdout.write(`${JSON.stringify({ mission, ...written })}\n`);
  else if (folder !== null) process.stdout.write(`${folder}\n`);
  for (const line of json ? [] : missingLines(missing)) process.stderr.write(`${line}\n`);
  if (folder === null && !json) process.stderr.write('Nothing was written.\n');
  if (differing.length > 0) {
    process.stderr.write(
      `git checks out ${pathList(differing)} otherwise than it was then (line ends or filters): files that the mission did not edit may differ as well.\n`,
    );
  }
  return folder === null ? 1 : 0;
}

/** That something was pruned is no mistake in what was asked: the files are just not there. */
function gone(thrown: unknown, json: boolean): number {
  if (toSkeinError(thrown).name !== 'blob-missing') throw thrown;
  reportError(thrown, json);
  return 1;
}

const toData = (then: MissionThen): object => {
  const { mission, moment, events, pruned, tree } = then;
  const { id, space, body } = mission;
  const entities = { plan: then.one('plan', body.plan), tasks: then.of('task') };
  return {
    id,
    space,
    ...body,
    moment,
    events,
    pruned,
    ...entities,
    leases: then.of('lease'),
    tree,
  };
};

function viewLines(then: MissionThen, painted: Style): string[] {
  const { mission, tree, moment } = then;
  const { id, body } = mission;
  const { bold, dim } = painted;
  const plan = then.one<PlanState>('plan', body.plan);
  const tasks = shownTasks(id, then.of<TaskState>('task'), plan);
  return [
    `${bold(firstLine(body.goal))}  ${body.status}`,
    dim(`mission ${id}`),
    dim(momentLine(then)),
    '',
    planLine(plan, body.approvedFrom),
    ...taskLines(tasks, body.status, painted),
    ...leaseLines(then),
    ...treeLines(tree, painted),
    '',
    dim(`its change then: skein rewind ${shortId(id)} --at ${moment.event} --diff`),
    dim(`its files then:  skein rewind ${shortId(id)} --at ${moment.event} --to <folder>`),
  ];
}

function planLine(plan: PlanState | undefined, approvedFrom: string | null): string {
  if (plan === undefined) return 'there was no plan yet';
  const answer = approvedFrom === null ? 'not approved' : `approved (${approvedFrom})`;
  return `plan ${short(plan.hash)}, ${answer}: ${firstLine(plan.summary)}`;
}

function leaseLines(then: MissionThen): string[] {
  const held = then.of<LeaseState>('lease').filter(({ body }) => body.status === 'held');
  if (held.length === 0) return ['no path was held'];
  return held.map(({ body: { holder, task, paths } }) => {
    return `held by ${holder} for ${taskName(task)}: ${pathList(paths, 8)}`;
  });
}

/** More files than these are counted, not named; with --json all are. */
const MOST_FILES = 30;

function treeLines(
  { base, gitCommit, files, underWay }: MissionThen['tree'],
  { yellow, dim }: Style,
): string[] {
  const on = gitCommit === null ? `base ${short(base)}` : `git commit ${short(gitCommit)}`;
  const named = files.slice(0, MOST_FILES);
  const more = files.length - named.length;
  return [
    `files: ${on}, ${count(files.length, 'file')} edited`,
    ...named.map(({ path, hash, bytes }) => `  ${path}  ${dim(`${short(hash)}, ${size(bytes)}`)}`),
    ...(more > 0 ? [dim(`  ... and ${count(more, 'more file', 'more files')}`)] : []),
    ...underWay.map((path) => `  ${yellow('under way')} ${path}: announced, not known to be done`),
  ];
}
