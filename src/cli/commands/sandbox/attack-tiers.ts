/** skein sandbox attack: tries to break out of each tier of this machine, in many ways, and tells how it went. */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nearWords } from '#lib/near-words.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { AttackResult } from '#sandbox/attack/attack.ts';
import { runAttacks } from '#sandbox/attack/run-attacks.ts';
import { openJail } from '#sandbox/jail/open-jail.ts';
import { openSandbox } from '#sandbox/open-sandbox.ts';
import type { Sandbox, Tier } from '#sandbox/sandbox.ts';
import type { Typed } from '../../command.ts';
import { typedPaths } from '../../connect.ts';
import { style, type Style } from '../../terminal/style.ts';

const TIERS: readonly Tier[] = ['T0', 'T1', 'T1+', 'T2', 'T3'];

/** Attacks the tiers that were typed, else all that hold; 5 when something broke, or nothing holds. */
export async function attackTiers(typed: Typed): Promise<number> {
  const asked = typed.values('tier').map(knownTier);
  // Not in the node: what breaks out breaks out of a process that has nothing else to lose.
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'skein-attacked-')));
  const sandbox = await openSandbox({
    folder,
    searchPath: process.env['PATH'] ?? '',
    forbidden: [typedPaths(typed).home],
    findJail: (all = false) => openJail({ all }),
  });
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  try {
    const tiers = asked.length > 0 ? asked : await tiersThatHold(sandbox);
    const results: AttackResult[] = [];
    for (const tier of tiers) {
      const onResult = (result: AttackResult): void => show(result, typed.flag('json'));
      results.push(...(await runAttacks(sandbox, { tier, onResult, signal: stop.signal })));
    }
    if (!typed.flag('json')) summarize(results);
    if (stop.signal.aborted) return 130;
    const isWhole = results.length > 0 && results.every(({ verdict }) => verdict === 'held');
    return isWhole ? 0 : 5;
  } finally {
    await sandbox.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function knownTier(word: string): Tier {
  const found = TIERS.find((each) => each.toLowerCase() === word.toLowerCase());
  if (found !== undefined) return found;
  const near = nearWords(word.slice(0, 20), TIERS);
  throw new SkeinError('usage', `Cannot attack ${word.slice(0, 20)}: there is no such tier`, {
    fix: near.length > 0 ? `Did you mean ${near.join(' or ')}?` : `Tiers are ${TIERS.join(', ')}.`,
  });
}

async function tiersThatHold(sandbox: Sandbox): Promise<readonly Tier[]> {
  const reports = await sandbox.probe();
  const holding = new Set(
    reports.filter(({ holds }) => holds).map(({ enclosure }) => enclosure.tier),
  );
  return TIERS.filter((tier) => holding.has(tier));
}

function show(result: AttackResult, isJson: boolean): void {
  const text = isJson ? JSON.stringify(result) : rowOf(result, style(process.stdout));
  process.stdout.write(`${text}\n`);
}

function rowOf({ tier, group, name, verdict, how }: AttackResult, painted: Style): string {
  const paint = { held: painted.green, broke: painted.red, 'not-run': painted.yellow }[verdict];
  const why = how.replaceAll(/\s+/gu, ' ').slice(0, 120);
  return `${paint(verdict.padEnd(7))}  ${tier.padEnd(3)}  ${group.padEnd(11)}  ${name.padEnd(34)}  ${painted.dim(why)}`;
}

function summarize(results: readonly AttackResult[]): void {
  const tiers = [...new Set(results.map(({ tier }) => tier))];
  for (const tier of tiers) {
    const count = (verdict: AttackResult['verdict']): number =>
      results.filter((each) => each.tier === tier && each.verdict === verdict).length;
    process.stderr.write(
      `${tier}: ${count('held')} held, ${count('broke')} broke, ${count('not-run')} could not be tried\n`,
    );
  }
  if (tiers.length === 0) process.stderr.write('No tier holds here. See: skein sandbox probe\n');
}
