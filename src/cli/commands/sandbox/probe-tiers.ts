/** skein sandbox probe: what holds on this machine, by trying to get out. */
import type { ProbeReport } from '#sandbox/sandbox.ts';
import type { Typed } from '../../command.ts';
import { speak } from '../../messages/speak-as.ts';
import { style, type Style } from '../../terminal/style.ts';

/** Prints a row a tier; 5 when none holds. */
export async function probeTiers(typed: Typed): Promise<number> {
  const { client } = await speak(typed);
  const again = typed.flag('again') ? '?again=true' : '';
  const { tiers } = await client.get<{ tiers: readonly ProbeReport[] }>(
    `/v1/sandbox/probe${again}`,
  );
  if (typed.flag('json')) process.stdout.write(`${JSON.stringify({ tiers })}\n`);
  else {
    const painted = style(process.stdout);
    for (const tier of tiers) process.stdout.write(`${tierLines(tier, painted).join('\n')}\n`);
  }
  return tiers.some(({ holds }) => holds) ? 0 : 5;
}

function tierLines(
  { enclosure, holds, attempts, problem, fix }: ProbeReport,
  painted: Style,
): string[] {
  const { tier, mechanism, strength } = enclosure;
  const held = attempts.filter((each) => each.held).length;
  const verdict = holds
    ? painted.green(`holds  ${held} of ${attempts.length} attempts failed`)
    : painted.red('is not used');
  return [
    `${painted.bold(tier.padEnd(4))} ${strength.padEnd(8)} ${mechanism.padEnd(24)} ${verdict}`,
    ...(problem === null ? [] : [`       ${problem}`]),
    ...(fix === null ? [] : [painted.dim(`       ${fix}`)]),
  ];
}
