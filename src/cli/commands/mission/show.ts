/** skein show: one mission with its plan, checks, evidence and end. */
import type { SpaceEntity } from '#api/door.ts';
import type { PlanState } from '#supervisor/mission-reducer.ts';
import type { PlanContents } from '#supervisor/plan-contents.ts';
import type { EffectState } from '#tasks/effect-reducer.ts';
import { shownPlan } from '../../answer-plan.ts';
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import { AT_OPTION, fetchThen, momentLine, type MissionThen } from '../../history/mission-then.ts';
import {
  findMission,
  missionsAtWork,
  statusWord,
  type FoundMission,
} from '../../mission-lookup.ts';
import type { NodeClient } from '../../node-client.ts';
import { fetchContents, planLines, type ShownPlan } from '../../terminal/print-plan.ts';
import { fetchPruned, prunedLines, unlessGone } from '../../terminal/record/pruned-note.ts';
import { style, type Style } from '../../terminal/style.ts';
import { count } from '../../terminal/wording.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'show [<mission>] [--at <moment>]',
  summary: 'a mission (default: the latest): plan, checks with their output, outcome',
  words: [0, 1],
  options: { ...AT_OPTION },
  run: async (typed) => {
    const client = await connect(typed);
    const found = await findMission(client, typed.words[0]);
    const at = typed.value('at');
    const { mission, shown, effects, past } =
      at === undefined ? await now(client, found) : await before(client, found, at);
    const pruned = await fetchPruned(client, mission);
    if (typed.flag('json')) {
      const { id, space, body } = mission;
      const data = { id, space, ...body, plan: shown?.plan, effects, pruned };
      const line = past === undefined ? data : { ...data, moment: past.moment };
      process.stdout.write(`${JSON.stringify(line)}\n`);
      return 0;
    }
    const painted = style(process.stdout);
    const isPast = past !== undefined;
    const status = isPast ? mission.body.status : statusWord(mission, await missionsAtWork(client));
    const lines = [...headLines(mission, status, painted), ...prunedLines(pruned, painted)];
    if (isPast) lines.push(painted.dim(momentLine(past)));
    if (shown !== undefined) {
      const contents = await unlessGone(fetchContents(client, mission.space, shown.plan));
      lines.push('', ...planLines(shown, contents ?? NO_CONTENTS, painted));
    }
    lines.push(
      ...(await checkLines(client, mission.space, effects, painted)),
      '',
      ...(isPast ? pastLines(mission, painted) : endLines(mission, status, painted)),
    );
    process.stdout.write(`${lines.join('\n')}\n`);
    return 0;
  },
};

/** A mission with what is shown of it; `past` when it is one of the past. */
interface Shown {
  readonly mission: FoundMission;
  readonly shown: ShownPlan | undefined;
  readonly effects: readonly EffectState[];
  readonly past?: MissionThen;
}

const now = async (client: NodeClient, mission: FoundMission): Promise<Shown> => ({
  mission,
  shown: await shownPlan(client, mission, mission.body.plan),
  effects: await effectsOf(client, mission),
});

async function before(client: NodeClient, found: FoundMission, at: string): Promise<Shown> {
  const past = await fetchThen(client, found, { at, kinds: ['plan', 'effect'] });
  const { mission } = past;
  const plan = past.one<PlanState>('plan', mission.body.plan);
  const { options } = mission.body;
  const changed = past.one<PlanState>('plan', plan?.supersedes ?? null);
  const shown = plan === undefined ? undefined : { plan, options, before: changed };
  const effects = past.of<EffectState>('effect').map(({ body }) => body);
  return { mission, shown, effects, past };
}

/** Of a plan whose contents were pruned the tasks, the checks and the price are left. */
const NO_CONTENTS: PlanContents = { format: 2, title: '', edits: [], listed: [], names: null };

async function effectsOf(client: NodeClient, { id, space }: FoundMission): Promise<EffectState[]> {
  const path = `/v1/entities/effect?space=${space}&mission=${id}`;
  const { entities } = await client.get<{ entities: SpaceEntity[] }>(path);
  return entities.map(({ body }) => body as EffectState);
}

function headLines({ id, body }: FoundMission, status: string, { bold, dim }: Style): string[] {
  return [
    `${bold(body.goal)}  ${status}`,
    dim(
      `mission ${id}, submitted ${body.submittedAt}, base ${body.base.slice(0, 10)}${body.branch === null ? '' : ` on ${body.branch}`}`,
    ),
    ...(body.forked === null ? [] : [forkLine(body.forked)]),
  ];
}

function forkLine({
  from,
  at,
  inherits,
  done,
}: NonNullable<FoundMission['body']['forked']>): string {
  const where = `forked from mission ${from} at event ${at}`;
  if (inherits === null) return `${where}: planned anew`;
  return `${where}: with its plan, and ${count(done.length, 'task')} done by then`;
}

interface CheckRun {
  readonly phase: string;
  readonly exitCode: number | null;
  readonly output: { readonly text?: string; readonly blob?: { readonly hash: string } };
}

async function checkLines(
  client: NodeClient,
  space: string,
  effects: readonly EffectState[],
  painted: Style,
): Promise<string[]> {
  const lines: string[] = [];
  for (const { kind, subject, intent, outcome } of effects) {
    if ((kind !== 'check' && kind !== 'setup') || outcome === null) continue;
    const run = { ...outcome, phase: intent['phase'] } as unknown as CheckRun;
    const verdict =
      run.exitCode === 0
        ? painted.green('passed')
        : painted.red(`exit code ${run.exitCode ?? 'none'}`);
    const what =
      kind === 'setup' ? 'set-up' : `${subject.replace('check/', 'check ')} on the ${run.phase}`;
    lines.push(`${what}: ${verdict}`);
    if (run.exitCode !== 0) lines.push(...(await outputLines(client, space, run)));
  }
  return lines.length === 0 ? [] : ['', ...lines];
}

const MOST_OUTPUT_LINES = 30;

async function outputLines(
  client: NodeClient,
  space: string,
  { output }: CheckRun,
): Promise<string[]> {
  const path = `/v1/blobs/${output.blob?.hash}?space=${space}`;
  const text =
    output.blob === undefined
      ? (output.text ?? '')
      : (await unlessGone(client.bytes(path)))?.toString('utf8');
  return (text ?? '(this output was pruned)')
    .trimEnd()
    .split('\n')
    .slice(-MOST_OUTPUT_LINES)
    .map((line) => `    ${line}`);
}

/** Where it stood: what to do about it is of no use any more. */
function pastLines({ body }: FoundMission, { yellow }: Style): string[] {
  const { approvedFrom, problem, status, gitCommit } = body;
  const approved = approvedFrom === null ? [] : [`approved by the person (${approvedFrom})`];
  const ended = problem?.message ?? (gitCommit === null ? '' : `git commit ${gitCommit}`);
  return [...approved, `${yellow(status)}${ended === '' ? '' : `: ${ended}`}`];
}

function endLines(
  { id, body }: FoundMission,
  status: string,
  { green, red, yellow }: Style,
): string[] {
  const { problem, gitCommit, resultBranch, merged, approvedFrom } = body;
  const approved = approvedFrom === null ? [] : [`approved by the person (${approvedFrom})`];
  if (status === 'done') {
    return [
      ...approved,
      `${green('done')}: git commit ${gitCommit} on ${resultBranch}${merged ? ', merged' : ''}`,
    ];
  }
  if (problem !== null) {
    const kept = body.worktreeKept ? ['the worktree is kept until "skein clean"'] : [];
    return [
      ...approved,
      `${red(status)}: ${problem.message}`,
      ...(problem.fix === undefined ? [] : [problem.fix]),
      ...kept,
    ];
  }
  if (status === 'waiting')
    return [`${yellow('waiting')}: skein approve ${id} | skein reject ${id}`];
  const next =
    status === 'stopped' || status === 'interrupted'
      ? [`continue it with: skein resume ${id}`]
      : [];
  return [...approved, yellow(status), ...next];
}
