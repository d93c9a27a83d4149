/** Tries to get out of the tier, here and now, as a program in it: the walls are judged by what happens. */
import type {
  Enclosure,
  Language,
  ProbeReport,
  SandboxRequest,
  SandboxResult,
  SandboxRun,
} from '#sandbox/sandbox.ts';
import { SECOND_LOOK, TRACE, javaScriptAttempts, pythonAttempts } from './escape-attempts.ts';
import { makeTargets } from './targets.ts';
import type { ProbeTargets } from './targets.ts';

type Attempt = ProbeReport['attempts'][number];

const FIX =
  'Install the pinned versions again with "npm ci --include=optional"; until then this tier is not used.';

/** Runs the attempts in `run`; never throws. */
export async function probeDeno(
  enclosure: Enclosure,
  run: (request: SandboxRequest) => SandboxRun,
): Promise<ProbeReport> {
  try {
    const targets = await makeTargets();
    try {
      const attempts = await attemptAll(targets, run);
      return reportOf(enclosure, attempts);
    } finally {
      await targets.remove();
    }
  } catch (error) {
    const state = error instanceof Error ? error.message : String(error);
    return {
      enclosure,
      holds: false,
      attempts: [],
      problem: `it can't be tried: ${state}`,
      fix: FIX,
    };
  }
}

async function attemptAll(
  targets: ProbeTargets,
  run: (request: SandboxRequest) => SandboxRun,
): Promise<readonly Attempt[]> {
  const start = (language: Language, source: string): Promise<SandboxResult> =>
    run({ program: { type: 'code', language, source } }).result;
  const [python, script] = await Promise.all([
    start('python', pythonAttempts(targets)),
    start('javascript', javaScriptAttempts(targets)),
  ]);
  const second = await start('javascript', SECOND_LOOK);
  // attempts that never ran prove nothing
  const ran = (name: string, result: SandboxResult): Attempt => ({
    attack: `${name} runs`,
    held: result.status === 'ok',
    detail: result.stderr.text.slice(0, 500),
  });
  const said = `${python.stdout.text}\n${script.stdout.text}`;
  const says = (name: string, what: string): boolean =>
    said.split('\n').some((line) => line.startsWith(`${name} `) && line.includes(what));
  const reads = ['read-python', 'read-deno', 'import-json', 'import-text', 'read-node'];
  return [
    ran('python', python),
    ran('javascript', script),
    ...reads.map((attack) => ({ attack, held: !says(attack, targets.secret) })),
    { attack: 'environment', held: !says('environment', 'DENO_DIR') },
    { attack: 'environment-proc', held: !says('environment-proc', 'DENO_DIR') },
    { attack: 'foreign-function', held: !says('foreign-function', 'called') },
    ...Object.values(TRACE).map((attack) => ({ attack, held: !targets.isLeft(attack) })),
    { attack: 'connect', held: targets.connections() === 0 },
    { attack: 'signal', held: targets.isVictimAlive() },
    { attack: 'kept', held: !second.stdout.text.includes(targets.canary) },
  ];
}

function reportOf(enclosure: Enclosure, attempts: readonly Attempt[]): ProbeReport {
  const open = attempts.filter(({ held }) => !held).map(({ attack }) => attack);
  const holds = open.length === 0;
  const problem = holds ? null : `a program got out of it, or could not try (${open.join(', ')})`;
  return { enclosure, holds, attempts, problem, fix: holds ? null : FIX };
}
