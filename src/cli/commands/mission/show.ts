/** skein show: one mission with its plan, checks, evidence and end. */
import type { SpaceEntity } from '#api/door.ts';
import type { PlanContents } from '#supervisor/plan-contents.ts';
import type { EffectState } from '#tasks/effect-reducer.ts';
import { shownPlan } from '../../answer-plan.ts';
import type { CliCommand } from '../../command.ts';
import { connect } from '../../connect.ts';
import {
  findMission,
  missionsAtWork,
  statusWord,
  type FoundMission,
} from '../../mission-lookup.ts';
import type { NodeClient } from '../../node-client.ts';
import { fetchContents, planLines } from '../../terminal/print-plan.ts';
import { fetchPruned, prunedLines, unlessGone } from '../../terminal/record/pruned-note.ts';
import { style, type Style } from '../../terminal/style.ts';
import { count } from '../../terminal/wording.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'show [<mission>]',
  summary: 'a mission (default: the latest): plan, checks with their output, outcome',
  words: [0, 1],
  options: {},
  run: async (typed) => {
    const client = await connect(typed);
    const mission = await findMission(client, typed.words[0]);
    const shown = await shownPlan(client, mission, mission.body.plan);
    const plan = shown?.plan;
    const effects = await effectsOf(client, mission);
    const pruned = await fetchPruned(client, mission);
    if (typed.flag('json')) {
      process.stdout.write(
        `${JSON.stringify({ id: mission.id, space: mission.space, ...mission.body, plan, effects, pruned })}\n`,
      );
      return 0;
    }
    const painted = style(process.stdout);
    const status = statusWord(mission, await missionsAtWork(client));
    const lines = [...headLines(mission, status, painted), ...prunedLines(pruned, painted)];
    if (shown !== undefined) {
      const contents = await unlessGone(fetchContents(client, mission.space, shown.plan));
      lines.push('', ...planLines(shown, contents ?? NO_CONTENTS, painted));
    }
    lines.push(
      ...(await checkLines(client, mission.space, effects, painted)),
      '',
      ...endLines(mission, status, painted),
    );
    process.stdout.write(`${lines.join('\n')}\n`);
    return 0;
  },
};

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
