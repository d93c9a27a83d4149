/** The diff of a mission up to a moment; what is missing of it is told, and is a failure. */
import type { DiffThen, MissingFile } from '#supervisor/history/rewind-files.ts';
import type { FoundMission } from '../mission-lookup.ts';
import { newCommandId } from '../new-id.ts';
import type { NodeClient } from '../node-client.ts';
import { paintDiff } from '../terminal/paint-diff.ts';
import { style } from '../terminal/style.ts';

/** Prints the diff from the base to the moment; the exit status is 1 when contents are gone. */
export async function printDiffThen(
  client: NodeClient,
  { id: mission, space }: FoundMission,
  { at, json }: { readonly at: string; readonly json: boolean },
): Promise<number> {
  const call = { id: newCommandId(), name: 'mission.diff-at', input: { mission, at }, space };
  const answer = await client.post<DiffThen>(call);
  const { diff, missing } = answer;
  if (json) process.stdout.write(`${JSON.stringify({ mission, ...answer })}\n`);
  else {
    process.stdout.write(paintDiff(diff, style(process.stdout)));
    for (const line of missingLines(missing)) process.stderr.write(`${line}\n`);
    const isNothing = diff === '' && missing.length === 0;
    if (isNothing) process.stderr.write('Nothing had been changed by then.\n');
  }
  return missing.length === 0 ? 0 : 1;
}

/** One line for each file whose content is gone. */
export const missingLines = (missing: readonly MissingFile[]): string[] =>
  missing.map(
    ({ path, hash, why }) => `The content of ${path} (${hash.slice(0, 16)}) is gone: ${why}`,
  );
