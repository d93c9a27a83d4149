/** The whole API: every route in one table. Handlers are web-standard and tested without a socket. */
import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Speaker } from '#protocol/command.ts';
import { SkeinError } from '#protocol/errors.ts';
import { measureRequest } from './api-metrics.ts';
import type { Door } from './door.ts';
import { problemResponse } from './problem.ts';
import { getBlob } from './routes/get-blob.ts';
import { getEntities } from './routes/get-entities.ts';
import { getEvents } from './routes/get-events.ts';
import { getInbox } from './routes/get-inbox.ts';
import { getMessage } from './routes/get-message.ts';
import { getMetrics } from './routes/get-metrics.ts';
import { getProbe } from './routes/get-probe.ts';
import { getRun } from './routes/get-run.ts';
import { postCommand } from './routes/post-command.ts';
import { postRun } from './routes/post-run.ts';
import type { Variables } from './variables.ts';

/** The largest body of a request, in bytes. */
const MAX_BODY_BYTES = 1024 * 1024;

/** The largest body of a run, which carries files. */
const MAX_RUN_BYTES = 32 * 1024 * 1024;
const RUNS = '/v1/sandbox/runs';

/** What an agent that is no part of the node may ask for; commands are looked at one by one. */
const FOR_AGENTS = /^\/v1\/(?:commands|inbox|messages|sandbox)\//u;

/** The API of one node. Every route wants `Authorization: Bearer <token>`. */
export function makeApi(door: Door): Hono<Variables> {
  const api = new Hono<Variables>();
  api.use((context, next) => measureRequest(door.metrics, context, next));
  api.use(async (context, next) => {
    context.set('speaker', speakerOf(door, context));
    const leave = door.enter();
    try {
      await next();
    } finally {
      leave();
    }
  });
  api.use(async (context, next) => {
    if (context.get('speaker').authority === 'peer' && !FOR_AGENTS.test(context.req.path)) {
      throw new SkeinError('unauthorized', `Cannot show ${context.req.path} to an agent`, {
        fix: "An agent may use messages and the sandbox; for all else send the person's token.",
      });
    }
    await next();
  });
  // Counts the bytes that come: a request need not tell its length.
  const limitBody = bodyLimit({
    maxSize: MAX_BODY_BYTES,
    onError: () => refuseBody(MAX_BODY_BYTES),
  });
  const limitRun = bodyLimit({ maxSize: MAX_RUN_BYTES, onError: () => refuseBody(MAX_RUN_BYTES) });
  api.use((context, next) =>
    context.req.path === RUNS ? limitRun(context, next) : limitBody(context, next),
  );
  api.post('/v1/commands/:name', (context) => postCommand(door, context));
  api.get('/v1/entities/:kind', (context) => getEntities(door, context));
  api.get('/v1/events', (context) => getEvents(door, context));
  api.get('/v1/blobs/:hash', (context) => getBlob(door, context));
  api.get('/v1/inbox/:agent', (context) => getInbox(door, context));
  api.get('/v1/messages/:id', (context) => getMessage(door, context));
  api.post(RUNS, (context) => postRun(door, context));
  api.get(`${RUNS}/:run`, (context) => getRun(door, context));
  api.get('/v1/sandbox/probe', (context) => getProbe(door, context));
  api.get('/metrics', (context) => getMetrics(door, context));
  // Asked often by those who follow a mission: only what costs nothing.
  api.get('/v1/work', (context) => context.json({ missionsAtWork: door.atWork(), ...door.work() }));
  api.get('/v1/status', async (context) => context.json((await door.status()) as object));
  api.onError(problemResponse);
  api.notFound((context) =>
    problemResponse(new SkeinError('not-found', `Cannot find ${context.req.path}: no such route`)),
  );
  return api;
}

function refuseBody(most: number): never {
  const megabytes = most / (1024 * 1024);
  throw new SkeinError('payload-too-large', `Cannot read the request: it is over ${megabytes} MB`);
}

function speakerOf(door: Door, context: Context<Variables>): Speaker {
  const [scheme, token] = (context.req.header('authorization') ?? '').split(' ');
  const speaker = scheme === 'Bearer' && token !== undefined ? door.identify(token) : undefined;
  if (speaker === undefined) {
    throw new SkeinError('unauthorized', 'Cannot answer: the request has no valid token', {
      fix: "Send the home's identity/person.token as a bearer token.",
    });
  }
  const trace = traceOf(context.req.header('traceparent'));
  return { ...speaker, ...trace };
}

/** W3C Trace Context, so that a caller finds its own trace on the record. */
function traceOf(header: string | undefined): { traceId?: string; parentSpanId?: string } {
  const match = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/.exec(header ?? '');
  return match === null ? {} : { traceId: match[1] as string, parentSpanId: match[2] as string };
}
