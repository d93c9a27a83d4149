/** Whole missions as they are recorded, from the goal to the git commit, without a world around them. */
import { BENCH_SPEAKER, newId, pending } from './bench-space.ts';
import type { Pending } from '#ledger/outcome.ts';

const GIT_ID = 'c0'.repeat(20);
const DIGEST = 'd1'.repeat(32);

/** How large a mission is: paths it may write, and how many edits it makes of them in turn. */
export interface MissionSize {
  readonly paths: number;
  readonly edits: number;
}

/** A made mission: its commands in order, to be flushed in one or in many turns. */
export interface MadeMission {
  readonly mission: string;
  readonly commands: readonly Pending[];
}

/** Makes missions one after the other; each ends before the next one begins. */
export function missionMaker(): (size: MissionSize) => MadeMission {
  let token = 0;
  return (size) => {
    token += 1;
    const mission = newId();
    return {
      mission,
      commands: [...begin(mission, size), ...edits(mission, size, token), ...end(mission)],
    };
  };
}

/** How many events one edit makes: what is expected, the intent, the outcome, and how that was met. */
export const EVENTS_PER_EDIT = 4;

function begin(mission: string, { paths, edits: changes }: MissionSize): Pending[] {
  const writeSet = Array.from({ length: paths }, (_, index) => pathOf(index));
  const options = { checks: [], merge: false, hooks: false, keepExports: false };
  const goal = { goal: 'rename a to b', recipe: 'rename-symbol', base: GIT_ID, branch: 'main' };
  const plan = {
    hash: DIGEST,
    base: GIT_ID,
    engine: 'typescript-7',
    isolation: 'none',
    summary: 'Rename a to b',
    tasks: [{ id: `${mission}.1`, title: 'Rename a to b', role: 'coder', writeSet }],
    checks: [],
    price: { files: paths, changes, money: 0, timeMs: null },
    contents: { hash: DIGEST, bytes: 1 },
    listed: 0,
    warnings: [],
  };
  return [
    pending('mission.submit', { mission, ...goal, options }),
    ...effect(mission, { kind: 'worktree', name: 'worktree' }, { commit: GIT_ID }, { files: 900 }),
    pending('plan.propose', { mission, ...plan }),
    pending('mission.approve', { mission, hash: DIGEST, from: BENCH_SPEAKER.actor }),
    pending('task.claim', { task: `${mission}.1`, agent: 'agent:coder-1', ttlMs: 600_000 }),
  ];
}

const pathOf = (index: number): string => `src/part-${index % 40}/file-${index}.ts`;

function edits(mission: string, { paths, edits: count }: MissionSize, token: number): Pending[] {
  return Array.from({ length: count }, (_, index) => {
    const path = pathOf(index % paths);
    const afterHash = index.toString(16).padStart(64, '0');
    const again = index < paths ? '' : `@${afterHash.slice(-16)}`;
    const hashes = { baseHash: DIGEST, afterHash, after: { hash: afterHash, bytes: 2_000 } };
    const intent = {
      lease: `${mission}.1.1`,
      token,
      path,
      ...hashes,
      changes: 3,
      guardrails: ['parses'],
    };
    const about = { kind: 'edit', name: `edit/${path}${again}`, subject: `file/${path}` };
    const expectation = { task: `${mission}.1`, action: 'edit', expects: '3 changes, as planned' };
    return effect(mission, { ...about, expectation }, intent, { afterHash });
  }).flat();
}

function end(mission: string): Pending[] {
  const person = { name: 'Ada', email: 'ada@example.com' };
  const git = { tree: GIT_ID, parent: GIT_ID, message: 'Rename a to b', author: person };
  const date = { seconds: 1, offset: '+0000' };
  const intent = { ...git, committer: person, date, gitCommit: GIT_ID };
  const output = { text: 'all 12 tests passed\n', totalBytes: 20 };
  const passed = { exitCode: 0, signal: null, timedOut: false, durationMs: 900, output };
  const check = { name: 'test', command: 'npm test', phase: 'change', timeoutMs: 600_000 };
  return [
    ...effect(mission, { kind: 'check', name: 'check/change/test' }, check, passed),
    ...effect(mission, { kind: 'git-commit', name: 'git-commit' }, intent, { gitCommit: GIT_ID }),
    pending('task.finish', { task: `${mission}.1`, gitTree: GIT_ID, checks: [] }),
    ...effect(mission, { kind: 'cleanup', name: 'cleanup' }, {}, {}),
    pending('mission.finish', {
      mission,
      gitCommit: GIT_ID,
      branch: `skein/${mission}`,
      merged: false,
      durationMs: 4_000,
    }),
  ];
}

interface About {
  readonly kind: string;
  readonly name: string;
  readonly subject?: string;
  readonly expectation?: object;
}

function effect(mission: string, about: About, intent: object, outcome: object): Pending[] {
  const { kind, name, subject = `${kind}/${mission}`, expectation } = about;
  const said = expectation === undefined ? {} : { expectation };
  const judged = expectation === undefined ? {} : { judged: { met: true, found: 'as expected' } };
  const input = { kind, effect: `${mission}/${name}`, subject, mission, ...said };
  return [
    pending('effect.intend', { ...input, data: intent }),
    pending('effect.finish', { ...input, data: outcome, ...judged }),
  ];
}
