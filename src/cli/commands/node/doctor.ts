/** skein doctor: what this machine and this home offer, and what needs a hand. */
import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { promisify } from 'node:util';
import type { HomePaths } from '#daemon/home/home-paths.ts';
import type { Cleaned } from '#daemon/home/clean-worktrees.ts';
import { needsWorktree } from '#supervisor/mission-reducer.ts';
import type { CliCommand } from '../../command.ts';
import { newCommandId } from '../../new-id.ts';
import { connect, typedPaths } from '../../connect.ts';
import type { NodeClient } from '../../node-client.ts';
import {
  fetchGrowth,
  growthText,
  prunableText,
  type RecordGrowth,
} from '../../terminal/record/record-growth.ts';
import { networkLines, type ShownNetwork } from '../../terminal/bus/network-lines.ts';
import { style } from '../../terminal/style.ts';
import { count, size } from '../../terminal/wording.ts';
import { reportError } from '../../terminal/report-error.ts';
import { toSkeinError } from '#protocol/errors.ts';
import type { Finding } from './finding.ts';
import { isolationFindings } from './isolation-findings.ts';
import { spaceLine, type NodeStatus, type SpaceStatus } from './status.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'doctor',
  summary: 'versions, permissions, sizes, isolation: what is well and what is not',
  words: [0, 0],
  options: {},
  run: async (typed) => {
    const paths = typedPaths(typed);
    const findings = [...(await machineFindings()), ...fileFindings(paths)];
    try {
      findings.push(...(await nodeFindings(await connect(typed))));
    } catch (thrown) {
      const error = toSkeinError(thrown);
      findings.push({ name: 'node', state: 'bad', detail: error.message });
      reportError(error, typed.flag('json'));
    }
    for (const finding of findings) print(finding, typed.flag('json'));
    return findings.some(({ state }) => state === 'bad') ? 1 : 0;
  },
};

function print(finding: Finding, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(finding)}\n`);
    return;
  }
  const { green, yellow, red } = style(process.stdout);
  const mark = { good: green('good'), note: yellow('note'), bad: red('bad ') }[finding.state];
  process.stdout.write(`${mark}  ${finding.name.padEnd(12)} ${finding.detail}\n`);
}

async function machineFindings(): Promise<Finding[]> {
  const git = await gitVersion();
  return [
    { name: 'node', state: 'good', detail: `${process.versions.node} (${process.execPath})` },
    { name: 'sqlite', state: 'good', detail: process.versions['sqlite'] ?? 'unknown' },
    git === undefined
      ? { name: 'git', state: 'bad', detail: 'not found on PATH: install git 2.30 or newer' }
      : { name: 'git', state: 'good', detail: git },
    ...(await isolationFindings()),
  ];
}

async function gitVersion(): Promise<string | undefined> {
  try {
    return (await promisify(execFile)('git', ['--version'])).stdout.trim();
  } catch {
    return undefined;
  }
}

/** Keys and the home must be readable by their owner only. */
function fileFindings(paths: HomePaths): Finding[] {
  const findings: Finding[] = [];
  for (const path of [paths.home, paths.nodeKey, paths.personToken]) {
    const mode = statSync(path, { throwIfNoEntry: false })?.mode;
    if (mode === undefined) continue;
    const open = (mode & 0o077) !== 0;
    const octal = (mode & 0o777).toString(8).padStart(4, '0');
    const fix = open
      ? `: others may read it; chmod ${path === paths.home ? '700' : '600'} '${path}'`
      : '';
    findings.push({
      name: 'permissions',
      state: open ? 'bad' : 'good',
      detail: `${path} ${octal}${fix}`,
    });
  }
  return findings;
}

async function nodeFindings(client: NodeClient): Promise<Finding[]> {
  const status = await client.get<NodeStatus>('/v1/status');
  return [
    {
      name: 'node',
      state: 'good',
      detail: `up, key ${status.key.slice(0, 16)}, epoch ${status.epoch}, ${size(status.rssBytes)}`,
    },
    ...(await networkFindings(status.network)),
    await worktreeFinding(client),
    ...status.spaces.map(spaceFinding),
    ...(await fetchGrowth(client)).flatMap(growthFindings),
  ];
}

/** How it meets others, and what the NATS server lacks, also what it would ignore without a word. */
async function networkFindings(network: ShownNetwork): Promise<Finding[]> {
  const { nats, problem } = network;
  if (network.sync === null && problem === null) return [];
  const [line = '', ...more] = networkLines(network);
  const detail = [line.replace('network: ', ''), ...more.map((each) => each.trim())].join('; ');
  const found: Finding = { name: 'network', state: problem === null ? 'good' : 'note', detail };
  if (nats === null || nats.version === null) return [found];
  const { missingFeatures } = await import('#bus/nats/server-features.ts');
  const missing = missingFeatures(nats.version);
  const list = missing.map(({ name, since }) => `${name} (since ${since})`).join(', ');
  const lacks = missing.length === 0 ? 'lacks nothing that is known here' : `lacks ${list}`;
  const told = `server ${nats.version} ${lacks}; Skein needs none of it`;
  return [found, { name: 'nats', state: 'good', detail: told, facts: missing }];
}

function growthFindings({ survey, prunable }: RecordGrowth): Finding[] {
  const name = survey.space.slice(0, 12);
  const growth = `${name}: ${growthText(survey)}`;
  const found: Finding = { name: 'growth', state: 'good', detail: growth, facts: survey };
  if (prunable === undefined) return [found];
  const state = prunable.missions.length > 0 ? 'note' : 'good';
  const detail = `${name}: ${prunableText(prunable)}`;
  return [found, { name: 'prune', state, detail, facts: prunable }];
}

/** Worktrees and git trees whose missions have ended, or that no mission knows. */
async function worktreeFinding(client: NodeClient): Promise<Finding> {
  const call = { id: newCommandId(), name: 'workspace.clean', input: { dryRun: true } };
  const { worktrees, trees } = await client.post<Cleaned>(call);
  const left = worktrees.filter(({ status }) => !needsWorktree(status));
  const bytes = left.reduce((sum, worktree) => sum + worktree.bytes, 0);
  if (left.length === 0 && trees === 0) {
    return { name: 'worktrees', state: 'good', detail: 'none is left over' };
  }
  const refs = trees === 0 ? '' : `, and ${count(trees, 'git tree')} of tasks (refs/skein/)`;
  const detail = `${left.length} left over, ${size(bytes)}${refs}: "skein clean" removes them`;
  return { name: 'worktrees', state: 'note', detail };
}

function spaceFinding(status: SpaceStatus): Finding {
  const { repository, problem } = status;
  const gone = repository !== null && statSync(repository, { throwIfNoEntry: false }) === undefined;
  const state = problem !== undefined ? 'bad' : gone ? 'note' : 'good';
  const detail = spaceLine(status).replace('record ', '');
  return { name: 'record', state, detail: gone ? `${detail} (the repository is gone)` : detail };
}
