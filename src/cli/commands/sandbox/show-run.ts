/** skein sandbox show: what the record says of a run, its output, its change. */
import type { RunReport } from '#api/sandbox-door.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { Typed } from '../../command.ts';
import { speak } from '../../messages/speak-as.ts';
import { paintDiff } from '../../terminal/paint-diff.ts';
import { style, type Style } from '../../terminal/style.ts';
import { changedLines, costLine, heldBy } from './run-text.ts';

/** Shows a run that was typed by its id. */
export async function showRun(typed: Typed): Promise<number> {
  const [, run, more] = typed.words;
  if (run === undefined || more !== undefined) {
    throw new SkeinError('usage', 'Cannot show: type the id of one run', {
      fix: 'A run tells its id at its end.',
    });
  }
  const { client, path } = await speak(typed);
  const report = await client.get<RunReport>(path(`/v1/sandbox/runs/${encodeURIComponent(run)}`));
  if (typed.flag('json')) process.stdout.write(`${JSON.stringify(report)}\n`);
  else if (typed.flag('diff')) {
    process.stdout.write(paintDiff(report.end?.diff ?? '', style(process.stdout)));
  } else if (typed.flag('output')) {
    process.stdout.write(report.end?.stdout.text ?? '');
    process.stderr.write(report.end?.stderr.text ?? '');
  } else process.stdout.write(`${reportLines(report, style(process.stdout)).join('\n')}\n`);
  return 0;
}

function reportLines(report: RunReport, painted: Style): readonly string[] {
  const { run, by, at, kind, sourceHash, files, enclosure, network, asked, tools, end } = report;
  const ended =
    end === null
      ? [painted.yellow('It has not ended.')]
      : [
          costLine(end, painted),
          ...(end.error === null ? [] : [`  ${end.error}`]),
          `  printed ${end.stdout.totalBytes} bytes, and ${end.stderr.totalBytes} to its error output (--output)`,
          ...changedLines(end, painted),
        ];
  return [
    painted.bold(`run ${run}`),
    `  ${kind} by ${by}, ${at.slice(0, 19)}; program ${sourceHash.slice(0, 12)}, ${files} files given`,
    `  ${heldBy(enclosure)}; walls: ${enclosure.walls.join(', ')}`,
    ...(network.length === 0 ? [] : [`  might reach ${network.join(', ')}`]),
    ...asked.map(({ verdict, method, host, path }) => `  ${verdict}: ${method} ${host}${path}`),
    ...tools.map(({ tool, error }) => `  called ${tool}${error === undefined ? '' : `: ${error}`}`),
    ...ended,
  ];
}
