/** skein sandbox run: a program's output as it comes, its exit code, what it changed. */
import type { RunLine, ToldResult } from '#api/sandbox-door.ts';
import { fromErrorBody, SkeinError } from '#protocol/errors.ts';
import type { Typed } from '../../command.ts';
import { speak } from '../../messages/speak-as.ts';
import { paintDiff } from '../../terminal/paint-diff.ts';
import { readData } from '../../terminal/read-data.ts';
import { style } from '../../terminal/style.ts';
import { changedLines, costLine, heldBy } from './run-text.ts';
import { typedName } from './typed-limits.ts';
import { typedRun } from './typed-run.ts';

/** As timeout(1): a limit ended it. */
const LIMIT_EXIT = 124;
/** As a shell says SIGKILL. */
const KILLED_EXIT = 137;

/** Runs what was typed; answers the exit code of the program, 124 when it met a limit. */
export async function runProgram(typed: Typed): Promise<number> {
  const body = await typedRun(typed);
  const { client } = await speak(typed);
  const space = typed.value('space');
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const asked = { ...body, ...(space === undefined ? {} : { space }) };
  const isJson = typed.flag('json');
  let end: Extract<RunLine, { type: 'finished' }> | undefined;
  for await (const text of client.lines('/v1/sandbox/runs', stop.signal, asked)) {
    const line = readData(text) as RunLine;
    if (line.type === 'failed') throw fromErrorBody(line.error);
    if (isJson) process.stdout.write(`${text}\n`);
    else await show(line);
    if (line.type === 'finished') end = line;
  }
  if (stop.signal.aborted) return 130;
  if (end === undefined) {
    throw new SkeinError('node-unreachable', 'Cannot tell what came of it: the node has stopped', {
      fix: 'It was killed; its end is on the record once the node has started again.',
    });
  }
  if (!isJson) tellEnd(end, typed.flag('diff'));
  return exitOf(end.result);
}

async function show(line: RunLine): Promise<void> {
  const { dim, yellow } = style(process.stderr);
  const tell = (text: string): void => void process.stderr.write(`${text}\n`);
  if (line.type === 'started') tell(dim(heldBy(line.enclosure)));
  if (line.type === 'limit-hit') {
    tell(yellow(`It met its limit: ${typedName(line.limit)}`));
  }
  if (line.type === 'network') {
    const { method, host, port, path, verdict, reason = '' } = line.access;
    tell(dim(`${verdict}: ${method} ${host}:${port}${path} ${reason}`.trimEnd()));
  }
  if (line.type === 'stdout' || line.type === 'stderr') {
    const stream = line.type === 'stdout' ? process.stdout : process.stderr;
    const bytes = Buffer.from(line.chunk, 'base64');
    // What nobody trusts must not steer a terminal; a file gets the bytes as they are.
    const shown = stream.isTTY ? String(readData(JSON.stringify(bytes.toString('utf8')))) : bytes;
    if (!stream.write(shown)) await new Promise((resolve) => stream.once('drain', resolve));
  }
}

function tellEnd(
  { run, result, diff }: Extract<RunLine, { type: 'finished' }>,
  all: boolean,
): void {
  const painted = style(process.stderr);
  if (result.value !== null && result.stdout.totalBytes === 0) {
    process.stdout.write(`${result.value}\n`);
  }
  if (all && diff !== '') process.stdout.write(paintDiff(diff, style(process.stdout)));
  const lines = [costLine(result, painted), ...changedLines(result, painted)];
  const hint =
    diff === '' || all ? `skein sandbox show ${run}` : `skein sandbox show ${run} --diff`;
  process.stderr.write(`${lines.join('\n')}\n${painted.dim(`See: ${hint}`)}\n`);
}

function exitOf({ status, exitCode }: ToldResult): number {
  if (status === 'ok') return 0;
  if (status === 'error') return exitCode === null || exitCode === 0 ? 1 : exitCode;
  return status === 'killed' ? KILLED_EXIT : LIMIT_EXIT;
}
