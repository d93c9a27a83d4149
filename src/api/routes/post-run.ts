/**
 * POST /v1/sandbox/runs: runs a program in the sandbox; answers lines of JSON as it goes, the last one
 * says what came of it. Who goes away ends the run. Bytes (files, stdin, output) are base64.
 */
import type { Context } from 'hono';
import { z } from 'zod';
import { SkeinError, toErrorBody, toSkeinError } from '#protocol/errors.ts';
import type { Speaker } from '#protocol/command.ts';
import { pathProblem } from '#sandbox/files/file-path.ts';
import type { Limits } from '#sandbox/limits.ts';
import type { Door } from '../door.ts';
import type { AskedRun, RunLine, SandboxDoor } from '../sandbox-door.ts';
import type { Variables } from '../variables.ts';
import { streamLines } from './stream-lines.ts';

const bytes = z.base64().transform((text) => new Uint8Array(Buffer.from(text, 'base64')));

const LIMIT_NAMES = [
  'wallMs',
  'cpuMs',
  'memoryBytes',
  'fuel',
  'outputBytes',
  'processes',
  'openFiles',
  'fileBytes',
  'inBytes',
  'inFiles',
  'outBytes',
  'outFiles',
  'temporaryBytes',
  'sharedBytes',
] as const satisfies readonly (keyof Limits)[];

const program = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('code'),
    language: z.enum(['python', 'javascript', 'typescript']),
    source: z.string().max(1024 * 1024),
    args: z.array(z.string().max(32_768)).max(1_000).exactOptional(),
  }),
  z.strictObject({
    type: z.literal('command'),
    argv: z.array(z.string().max(32_768)).min(1).max(1_000),
  }),
]);

const file = z.strictObject({
  path: z
    .string()
    .min(1)
    .max(4_096)
    .refine((path) => pathProblem(path) === null, 'is no path that may be given'),
  content: bytes,
  executable: z.boolean().exactOptional(),
});

const host = z.string().min(1).max(300);

const network = z.strictObject({
  allow: z.array(host).max(64),
  secrets: z
    .array(z.strictObject({ name: z.string().max(200), host, header: z.string().max(200) }))
    .max(16)
    .exactOptional(),
});

const body = z.strictObject({
  program,
  stdin: bytes.exactOptional(),
  files: z.array(file).max(100_000).exactOptional(),
  environment: z
    .record(z.string().regex(/^[A-Za-z_]\w{0,199}$/u), z.string().max(32_768))
    .exactOptional(),
  least: z.enum(['runtime', 'kernel', 'double', 'machine']).exactOptional(),
  tier: z.enum(['T0', 'T1', 'T1+', 'T2', 'T3']).exactOptional(),
  limits: z.partialRecord(z.enum(LIMIT_NAMES), z.int()).exactOptional(),
  deterministic: z.strictObject({ seed: z.int(), timeMs: z.int() }).exactOptional(),
  network: network.exactOptional(),
  tools: z.strictObject({ repository: z.string().max(4_096).exactOptional() }).exactOptional(),
  space: z.string().max(200).exactOptional(),
});

/** Runs it and streams what happens. */
export async function postRun(door: Door, context: Context<Variables>): Promise<Response> {
  const parsed = body.safeParse(await context.req.json().catch(() => undefined));
  if (!parsed.success) {
    throw new SkeinError('usage', `Cannot read the run: ${z.prettifyError(parsed.error)}`);
  }
  const { space, tools, ...request } = parsed.data;
  const asked: AskedRun = { request: request as AskedRun['request'], space, tools };
  const speaker = context.get('speaker');
  assertMayAsk(asked, speaker);
  const closing = new AbortController();
  const signal = AbortSignal.any([context.req.raw.signal, closing.signal]);
  const lines = await sandboxOf(door).run(asked, speaker, signal);
  const leave = door.enter();
  const stream = streamLines(toBytes(lines), closing, leave);
  return new Response(stream, { headers: { 'content-type': 'application/x-ndjson' } });
}

/** The sandbox behind the door; throws `sandbox-unavailable` when there is none. */
export function sandboxOf({ sandbox }: Door): SandboxDoor {
  if (sandbox !== undefined) return sandbox;
  throw new SkeinError('sandbox-unavailable', 'Cannot run programs: this node has no sandbox');
}

/** An agent could send a secret to any host that it names itself: the network is for people to open. */
function assertMayAsk({ request }: AskedRun, { authority, actor }: Speaker): void {
  if (authority !== 'peer' || request.network === undefined) return;
  throw new SkeinError('unauthorized', `Cannot open the network for a run of ${actor}`, {
    fix: 'Only a person may, with the token of the person.',
  });
}

async function* toBytes(lines: AsyncIterable<RunLine>): AsyncGenerator<Uint8Array> {
  const encode = (line: RunLine): Uint8Array => Buffer.from(`${JSON.stringify(line)}\n`);
  try {
    for await (const line of lines) yield encode(line);
  } catch (thrown) {
    // It has begun to answer: what went wrong is the last line.
    yield encode({ type: 'failed', error: toErrorBody(toSkeinError(thrown)) });
  }
}
