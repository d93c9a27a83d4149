/** Runs the attacks on a sandbox, one after the other, and looks at the host after each of them. */
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { toSkeinError } from '#protocol/errors.ts';
import { pathProblem } from '#sandbox/files/file-path.ts';
import type { Program, Sandbox, SandboxRequest, SandboxResult, Tier } from '#sandbox/sandbox.ts';
import { makeAims, type Aims } from './aims.ts';
import type { Attack, AttackOutcome, AttackResult, Dialect } from './attack.ts';
import { fileAttacks } from './file-attacks.ts';
import { exactnessAttacks, hostAttacks, persistenceAttacks } from './host-attacks.ts';
import { BEGUN } from './make-attack.ts';
import { networkAttacks } from './network-attacks.ts';
import { processAttacks } from './process-attacks.ts';
import { resourceAttacks } from './resource-attacks.ts';
import { secretAttacks } from './secret-attacks.ts';

/** All attacks. */
export const ATTACKS: readonly Attack[] = [
  ...fileAttacks,
  ...secretAttacks,
  ...networkAttacks,
  ...processAttacks,
  ...resourceAttacks,
  ...hostAttacks,
  ...persistenceAttacks,
  ...exactnessAttacks,
];

/** Which attacks to run; absent: all that the tier can run. */
export interface AttackOptions {
  readonly tier: Tier;
  readonly attacks?: readonly Attack[];
  readonly onResult?: (result: AttackResult) => void;
  readonly signal?: AbortSignal;
}

/** How long a run may go on after its limit of wall time, on a machine that is busy. */
const SLACK_MS = 30_000;

/** How long its processes may take to be gone. */
const GONE_MS = 5_000;
const POLL_MS = 50;

/** The results, in order. Rejects only when the host's side can't be set up. */
export async function runAttacks(
  sandbox: Pick<Sandbox, 'run'>,
  { tier, attacks = ATTACKS, onResult, signal }: AttackOptions,
): Promise<readonly AttackResult[]> {
  const chosen = attacks.filter(({ tiers }) => tiers.includes(tier));
  await warmUp(sandbox, tier, chosen);
  const aims = await makeAims();
  const results: AttackResult[] = [];
  try {
    for (const attack of chosen) {
      if (signal?.aborted === true) break;
      const result = await attackOnce(sandbox, attack, tier, aims);
      results.push(result);
      onResult?.(result);
    }
  } finally {
    await aims.close();
  }
  return results;
}

const EXACT = { deterministic: { seed: 7, timeMs: 1_000_000_000_000 } } as const;

/** What a tier prepares at its first run, and at its first exact one, is not the time of an attack. */
async function warmUp(
  sandbox: Pick<Sandbox, 'run'>,
  tier: Tier,
  attacks: readonly Attack[],
): Promise<void> {
  for (const dialect of new Set(attacks.map((attack) => attack.dialect))) {
    const program = programOf(dialect, tier, dialect === 'shell' ? 'true' : '1');
    await runOnce(sandbox, { program, tier });
    if (dialect === 'python') await runOnce(sandbox, { program, tier, ...EXACT });
  }
}

async function attackOnce(
  sandbox: Pick<Sandbox, 'run'>,
  attack: Attack,
  tier: Tier,
  aims: Aims,
): Promise<AttackResult> {
  const { name, group } = attack;
  const tell = (verdict: AttackResult['verdict'], how: string): AttackResult => ({
    name,
    group,
    tier,
    verdict,
    how,
  });
  const given = attack.programs(aims);
  const outcomes: AttackOutcome[] = [];
  for (const source of typeof given === 'string' ? [given] : given) {
    outcomes.push(await runOnce(sandbox, requestOf(attack, tier, source)));
  }
  const ran = outcomes.flatMap((each) => (each.type === 'ran' ? [each] : []));
  const runs = ran.map(({ result }) => result);
  const broke =
    (await effectOf(aims)) ?? leakOf(runs, aims) ?? lateOf(ran) ?? attack.judge(runs, aims);
  if (broke !== null) return tell('broke', broke);
  const refused = outcomes.find((each) => each.type === 'refused');
  if (refused !== undefined) return tell('not-run', refused.error);
  const silent = runs.find(({ stdout }) => !stdout.text.includes(BEGUN));
  if (silent !== undefined) {
    return tell('not-run', `${silent.status}: ${silent.stderr.text.trim().slice(-200)}`);
  }
  return tell('held', runs.map(({ status }) => status).join(', '));
}

function requestOf(attack: Attack, tier: Tier, source: string): SandboxRequest {
  const { limits, files, isExact } = attack;
  return {
    program: programOf(attack.dialect, tier, source),
    tier,
    limits,
    files,
    ...(isExact ? EXACT : {}),
  };
}

function programOf(dialect: Dialect, tier: Tier, source: string): Program {
  if (dialect === 'shell') return { type: 'command', argv: ['sh', '-c', source] };
  if (dialect === 'python' && (tier === 'T2' || tier === 'T3')) {
    return { type: 'command', argv: ['python3', '-c', source] };
  }
  return { type: 'code', language: dialect, source };
}

async function runOnce(
  sandbox: Pick<Sandbox, 'run'>,
  request: SandboxRequest,
): Promise<AttackOutcome> {
  const started = performance.now();
  try {
    const result = await sandbox.run(request).result;
    return { type: 'ran', result, tookMs: performance.now() - started };
  } catch (thrown) {
    const { name, message } = toSkeinError(thrown);
    return { type: 'refused', error: `${name}: ${message}` };
  }
}

/** What happened to the host; a process that is just going is given a moment. */
async function effectOf(aims: Aims): Promise<string | null> {
  const deadline = performance.now() + GONE_MS;
  for (;;) {
    const left = await processesWith(aims.marker);
    if (left.length === 0) break;
    if (performance.now() > deadline) {
      for (const pid of left) kill(pid);
      return 'a process of it lives on';
    }
    await sleep(POLL_MS);
  }
  return aims.harm();
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has gone.
  }
}

/** The processes whose command line holds the marker. Elsewhere than on Linux none are seen. */
async function processesWith(marker: string): Promise<readonly number[]> {
  const names = await readdir('/proc').catch((): string[] => []);
  const found = await Promise.all(
    names
      .filter((name) => /^\d+$/u.test(name))
      .map(async (name) => {
        const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
        // The program of a jail is in the command line of what starts it: that is no process of its own.
        return line.split('\0').includes(marker) ? Number(name) : 0;
      }),
  );
  return found.filter((pid) => pid > 0);
}

/** Whether something secret came out: printed, as a value, or in a file that it left. */
function leakOf(runs: readonly SandboxResult[], { secrets }: Aims): string | null {
  for (const { stdout, stderr, value, changed } of runs) {
    const contents = changed.map(({ content }) => Buffer.from(content ?? []).toString('latin1'));
    const texts = [stdout.text, stderr.text, value ?? '', ...contents];
    // What names a secret may be told back: its own words are in its program.
    const [inFile, , ...others] = secrets;
    const hit = [inFile, ...others].find(
      (secret) => secret !== undefined && texts.some((text) => text.includes(secret)),
    );
    if (hit !== undefined) return 'it has a secret of the host';
    const bad = changed.find(({ path }) => pathProblem(path) !== null);
    if (bad !== undefined) return `a path came out that may not: ${JSON.stringify(bad.path)}`;
  }
  return null;
}

const lateOf = (
  ran: readonly { readonly result: SandboxResult; readonly tookMs: number }[],
): string | null =>
  ran.some(({ result, tookMs }) => tookMs > result.limits.wallMs + SLACK_MS)
    ? 'it ran on after its time'
    : null;
