/** What holds the programs of others on this machine, as doctor tells it: by trying to get out, here and now. */
import { wantsNoWalls } from '#daemon/programs/node-programs.ts';
import type { ProbeReport } from '#sandbox/sandbox.ts';
import type { Finding } from './finding.ts';

/** A line for checks and commands, and one for programs in a language. */
export async function isolationFindings(): Promise<Finding[]> {
  return [await forChecks(), await forCode()];
}

async function forChecks(): Promise<Finding> {
  const name = 'isolation';
  if (wantsNoWalls(process.env)) {
    const detail = 'none: switched off by SKEIN_SANDBOX; checks run as you and could read the home';
    return { name, state: 'note', detail };
  }
  const { openJail } = await import('#sandbox/jail/open-jail.ts');
  const { jail, reports } = await openJail();
  const facts = { reports };
  if (jail === null) {
    const why = reports.map(whyNot).join('; ');
    const detail = `none: checks run as you and could read the home (${why})`;
    return { name, state: 'note', detail, facts };
  }
  const attempts = reports.at(-1)?.attempts.length ?? 0;
  const detail = `T2 (${jail.mechanism}): ${attempts} of ${attempts} attempts to get out failed`;
  return { name, state: 'good', detail, facts };
}

const whyNot = ({ enclosure, problem, fix }: ProbeReport): string =>
  `${enclosure.mechanism}: ${problem ?? 'it does not hold'}. ${fix ?? ''}`.trim();

/** Starting Python takes its time: that is tried by another command. */
async function forCode(): Promise<Finding> {
  const { findRuntimeFiles } = await import('#sandbox/deno/runtime/runtime-files.ts');
  const files = findRuntimeFiles();
  const name = 'code';
  if ('problem' in files) return { name, state: 'note', detail: `${files.problem}. ${files.fix}` };
  const detail = `Deno ${files.denoVersion}, Pyodide ${files.pyodideVersion}: "skein sandbox probe" tries them`;
  return { name, state: 'good', detail };
}
