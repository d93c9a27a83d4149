/** skein bridge: joins a folder of JSON files to a space, for peers that still work with files. */
import { watch, type FSWatcher } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Bridge, BridgeParts } from '#daemon/import/bridge/bridge.ts';
import { openBridge } from '#daemon/import/bridge/open-bridge.ts';
import { readMapChoices } from '#daemon/import/column-names.ts';
import { toSender } from '#daemon/import/old-name.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { CliCommand, Typed } from '../../command.ts';
import { connect, typedPaths } from '../../connect.ts';
import { openBridgeDoor } from '../../import/bridge-door.ts';
import { offsetOf } from '../../import/read-options.ts';
import { makeNodeClient } from '../../node-client.ts';
import { readData } from '../../terminal/read-data.ts';

const EVERY_SECONDS = 2;
const MOST_SECONDS = 3_600;
const AFTER_TROUBLE_MS = 5_000;

/** The command. */
export const command: CliCommand = {
  usage: 'bridge outbox <folder> --peer <name>... [--every <seconds>] [--once]',
  summary: 'keep peers reachable that work with JSON files in inbox/ and outbox/ of a folder',
  words: [2, 2],
  options: {
    peer: {
      type: 'string',
      multiple: true,
      value: '<name>',
      help: 'an agent that is reached through the folder (repeatable)',
    },
    map: {
      type: 'string',
      multiple: true,
      value: '<field>=<key>',
      help: 'which key of a file a field is in (repeatable)',
    },
    'utc-offset': {
      type: 'string',
      value: '<+hh:mm>',
      help: 'how far east of UTC times are that name no zone (default: +00:00)',
    },
    space: {
      type: 'string',
      value: '<name>',
      help: "the space it leads to (default: the home's space for messages)",
    },
    every: {
      type: 'string',
      value: '<seconds>',
      help: `how often to look at least (default: ${EVERY_SECONDS})`,
    },
    once: { type: 'boolean', help: 'look once and end' },
  },
  run: async (typed) => {
    const [kind = '', folder = ''] = typed.words;
    const everyMs = secondsOf(typed) * 1000;
    const peers = new Map(typed.values('peer').map((name) => [toSender(name, true), name]));
    if (kind !== 'outbox' || peers.size === 0) throw wrongUse(kind);
    const bridge = await makeBridge(typed, resolve(folder), peers);
    if (typed.flag('once')) {
      tellRound(await bridge.round(), typed);
      return 0;
    }
    await goOn(bridge, { typed, folder: resolve(folder), everyMs });
    return 0;
  },
};

const wrongUse = (kind: string): SkeinError =>
  kind === 'outbox'
    ? new SkeinError('usage', 'Cannot bridge: nobody is named that is reached through it', {
        fix: 'Add --peer <name> for each old peer.',
      })
    : new SkeinError('usage', `Cannot bridge "${kind}": it is no kind of bus`, {
        fix: 'Say "outbox <folder>".',
      });

function secondsOf(typed: Typed): number {
  const text = typed.value('every') ?? String(EVERY_SECONDS);
  const seconds = /^\d{1,4}(?:\.\d{1,3})?$/u.test(text) ? Number(text) : 0;
  if (seconds > 0 && seconds <= MOST_SECONDS) return seconds;
  throw new SkeinError('usage', `Cannot use --every ${text}: it is no number of seconds`, {
    fix: `Give a number up to ${MOST_SECONDS}.`,
  });
}

async function makeBridge(
  typed: Typed,
  folder: string,
  peers: ReadonlyMap<string, string>,
): Promise<Bridge> {
  const choices = readMapChoices(typed.values('map'));
  const utcOffsetMinutes = offsetOf(typed.value('utc-offset'));
  const client = await connect(typed);
  const paths = typedPaths(typed);
  // What is sent on must come through exactly.
  const parse = (text: string): unknown => JSON.parse(text);
  const clientFor = (tokenFile: string): ReturnType<typeof makeNodeClient> =>
    makeNodeClient({ ...paths, personToken: tokenFile }, undefined, parse);
  const asked = { peers, space: typed.value('space') };
  const { door, origin } = await openBridgeDoor(client, clientFor, asked);
  const report = (what: string): void =>
    void process.stderr.write(`${String(readData(JSON.stringify(what)))}\n`);
  const parts = { folder, origin, peers: [...peers.keys()], choices, utcOffsetMinutes };
  return openBridge({ ...parts, door, report, pause: pauseOf(process.env) });
}

/** A fault test may stop it at "bridge <point>". */
function pauseOf(env: NodeJS.ProcessEnv): BridgeParts['pause'] {
  const wanted = env['SKEIN_PAUSE_AT'];
  return async (point) => {
    if (wanted !== `bridge ${point}`) return;
    process.stderr.write(`paused at ${wanted}\n`);
    await new Promise(() => setInterval(() => undefined, 60_000));
  };
}

/** Until somebody ends it: a round when a file comes, and at least every so often. */
async function goOn(
  bridge: Bridge,
  { typed, folder, everyMs }: { typed: Typed; folder: string; everyMs: number },
): Promise<void> {
  const end = new AbortController();
  let wake: () => void = () => undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      end.abort();
      wake();
    });
  }
  const watcher = watchFolder(join(folder, 'inbox'), () => wake());
  process.stderr.write(`The bridge stands: ${folder} (end it with Ctrl-C)\n`);
  let trouble = '';
  while (!end.signal.aborted) {
    let pauseMs = everyMs;
    try {
      tellRound(await bridge.round(), typed);
      trouble = '';
    } catch (thrown) {
      const error = toSkeinError(thrown);
      if (!error.retryable && !isOfSystem(thrown)) throw error;
      if (error.message !== trouble) process.stderr.write(`${error.message}; trying again\n`);
      trouble = error.message;
      pauseMs = Math.max(everyMs, AFTER_TROUBLE_MS);
      // The node may have gone; this starts it.
      await connect(typed).catch(() => undefined);
    }
    if (end.signal.aborted) break;
    await new Promise<void>((resume) => {
      const timer = setTimeout(resume, pauseMs);
      wake = () => {
        clearTimeout(timer);
        resume();
      };
    });
  }
  watcher?.close();
}

/** Where nothing is told of changes (a network drive, too many watchers) looking every so often is enough. */
function watchFolder(folder: string, changed: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, changed);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}

/** A full disk, or a folder that is away for a moment: it passes, and nothing was confirmed. */
const isOfSystem = (thrown: unknown): boolean =>
  (thrown as NodeJS.ErrnoException | undefined)?.syscall !== undefined;

function tellRound(round: Awaited<ReturnType<Bridge['round']>>, typed: Typed): void {
  const { taken, given } = round;
  const isNews = taken + given > 0 || typed.flag('once');
  if (isNews && typed.flag('json')) process.stdout.write(`${JSON.stringify(round)}\n`);
  else if (taken + given > 0 && !typed.flag('json'))
    process.stdout.write(`taken: ${taken}, given: ${given}\n`);
}
