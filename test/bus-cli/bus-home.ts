/** A home in which agents talk by the real command line, and requests as a program of theirs makes them. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { InboxContents, ListedLetter } from '#api/bus-door.ts';
import { openHome, told, type SkeinHome } from '../support/run-skein.ts';

/** A home with agents. */
export interface BusHome extends SkeinHome {
  /** Runs a command that must succeed; answers what it printed. */
  readonly ok: (...args: readonly string[]) => Promise<string>;
  /** The same with --json: each line parsed. */
  readonly data: <T>(...args: readonly string[]) => Promise<readonly T[]>;
  /** Sends, and answers the message's id. */
  readonly send: (...args: readonly string[]) => Promise<string>;
  readonly inbox: (agent?: string) => Promise<InboxContents>;
  readonly waiting: (agent?: string) => Promise<readonly ListedLetter[]>;
  readonly token: (name?: string) => string;
  /** One request over the node's socket; the status and the body. */
  readonly ask: (call: Asked) => Promise<{ readonly status: number; readonly body: string }>;
}

/** A request as a program of an agent's makes it. */
export interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly token: string;
  readonly body?: object;
}

/** Opens it; nothing runs in it yet. */
export function openBusHome(): BusHome {
  const home = openHome();
  const ok: BusHome['ok'] = async (...args) => {
    const ended = await home.run(...args);
    assert.equal(ended.code, 0, `${args.join(' ')}: ${told(ended)}`);
    return ended.stdout;
  };
  const data: BusHome['data'] = async <T>(...args: readonly string[]) =>
    (await ok(...args, '--json'))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T);
  const token: BusHome['token'] = (name) => {
    const file = name === undefined ? 'person.token' : join('agents', `${name}.token`);
    return readFileSync(join(home.home, 'identity', file), 'utf8').trim();
  };
  const ask: BusHome['ask'] = (call) => askNode(socketOf(home), call);
  const inbox: BusHome['inbox'] = async (agent = 'person') => {
    const { body } = await ask({
      path: '/v1/commands/inbox.peek',
      token: token(),
      body: { id: newId(), input: { inbox: agent } },
    });
    return JSON.parse(body) as InboxContents;
  };
  return {
    ...home,
    ok,
    data,
    send: async (...args) => (await data<{ id: string }>('send', ...args))[0]?.id ?? '',
    inbox,
    waiting: async (agent) => (await inbox(agent)).messages,
    token,
    ask,
  };
}

/** Waits until something is so that has to be asked for; throws after two minutes. */
export async function becomes(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 120_000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`Waited in vain until ${what}`);
    await sleep(20);
  }
}

let ids = 0;

/** An id for a command, other than those before. */
export function newId(): string {
  ids += 1;
  const time = Date.now().toString(16).padStart(12, '0');
  const tail = `${process.pid}${ids}`.padStart(12, '0').slice(-12);
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${tail}`;
}

function socketOf({ person }: SkeinHome): string {
  const folder = join(person, 'skein');
  const found = existsSync(folder)
    ? readdirSync(folder).find((name) => name.endsWith('.sock'))
    : '';
  return join(folder, found ?? '');
}

function askNode(
  socketPath: string,
  { method, path, token, body }: Asked,
): Promise<{ readonly status: number; readonly body: string }> {
  const headers = { host: 'skein', authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    const how = method ?? (body === undefined ? 'GET' : 'POST');
    const asked = request({ socketPath, method: how, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    asked.once('error', reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
