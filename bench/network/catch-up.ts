/**
 * What a node missed while it was away: events of another node come over a WebSocket link, are
 * verified, folded and durable; both then have the same state hash. Beside the same bytes over a bare
 * WebSocket that are only written and synced, and beside the writer alone, which is given the pages.
 */
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { WebSocketServer } from 'ws';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { reducers } from '#daemon/state-tables.ts';
import { openNodeKey } from '#identity/node-key.ts';
import { stateHash } from '#ledger/state/fold.ts';
import { openForReading } from '#ledger/store/database.ts';
import { entityFromRow } from '#ledger/store/entity-store.ts';
import { encodePage } from '#sync/page-codec.ts';
import { atLeast, duration, rate, scaled, type Bench, type Finding } from '../report.ts';
import {
  assertSound,
  missionWork,
  openSpace,
  pending,
  temporaryFolder,
} from '../support/bench-space.ts';
import { openBenchNode, type BenchNode } from './bench-node.ts';
import { startFar, type FarProcess } from './far/far-process.ts';

const EVENTS = 100_000;
/** Agents work alone mostly: few of their commands share a commit. */
const COMMIT_EVENTS = 10;
const PAGE_BYTES = 1 << 20;
const LEAST_PER_SECOND = 40_000;

/** The bench. */
export const catchUp: Bench = {
  about: `${EVENTS} events of another node, ${COMMIT_EVENTS} a commit, to the same state`,
  run: async (options) => {
    const folder = temporaryFolder();
    try {
      return await measure(folder.path, scaled(options, EVENTS));
    } finally {
      folder.dispose();
    }
  },
};

async function measure(folder: string, count: number): Promise<Finding[]> {
  const places = ['near', 'far', 'alone', 'bare'].map((name) => join(folder, name));
  for (const place of places) mkdirSync(place);
  const [near = '', away = '', alone = '', bareFolder = ''] = places;
  const keys = places.map((place) => openNodeKey(join(place, 'node.key')).key);
  copyFileSync(join(away, 'node.key'), join(alone, 'node.key'));
  writeHistory(near, keys[1] ?? '', count);
  const node = await openBenchNode({ folder: near, epoch: 2 });
  const far = startFar('./catch-up-end.ts');
  try {
    const pages = pagesOf(node);
    const bytes = pages.reduce((sum, page) => sum + page.length, 0);
    const bareMs = await sendBare(far, pages, bareFolder);
    const founder = node.signer.key;
    const aloneMs = await far.ask<number>('takeAlone', { folder: alone, founder }, near);
    const before = node.ledger.exchange.heads();
    const goal = before.map(({ chain, seq }) => [chain, seq] as const);
    await far.ask('open', { folder: away, founder });
    const linkMs = await far.ask<number>('catchUp', node.address, goal);
    await far.ask('close');
    await node.close();
    const hashes = [near, away, alone].map(stateOf);
    assertSound(new Set(hashes).size === 1, 'the states differ');
    return explain({ count, bytes, linkMs, bareMs, aloneMs });
  } finally {
    await far.stop();
  }
}

/** The other node is a member before anything else, so that it may have all of it. */
function writeHistory(folder: string, member: string, count: number): void {
  const space = openSpace(folder);
  // It is read here, not measured: 10,000 syncs of a fixture are a waste of time.
  space.database.exec('PRAGMA synchronous = OFF');
  space.flush([pending('space.admit', { key: member, role: 'writer' })]);
  const work = missionWork();
  for (let made = 0; made < count; made += COMMIT_EVENTS) space.flush(work(COMMIT_EVENTS));
  space.close();
}

function pagesOf({ ledger }: BenchNode): Buffer[] {
  const pages: Buffer[] = [];
  for (const { chain } of ledger.exchange.heads()) {
    for (let after = 0; ;) {
      const page = ledger.exchange.page(chain, after, PAGE_BYTES);
      if (page === undefined || page.commits.length === 0) break;
      pages.push(encodePage(page));
      after += page.commits.length;
    }
  }
  return pages;
}

async function sendBare(
  far: FarProcess,
  pages: readonly Buffer[],
  folder: string,
): Promise<number> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  server.on('connection', (socket) => {
    for (const page of pages) socket.send(page);
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const tookMs = await far.ask<number>('takeBare', port, pages.length, folder);
  server.close();
  return tookMs;
}

function stateOf(folder: string): string {
  const database = openForReading(join(folder, 'ledger.db'));
  const rows = database.prepare('SELECT * FROM entities').all().map(entityFromRow);
  database.close();
  assertSound(rows.length > 0, 'there is no state');
  return stateHash(reducers, rows);
}

interface Took {
  readonly count: number;
  readonly bytes: number;
  readonly linkMs: number;
  readonly bareMs: number;
  readonly aloneMs: number;
}

function explain({ count, bytes, linkMs, bareMs, aloneMs }: Took): Finding[] {
  const perSecond = (tookMs: number): number => (count * 1_000) / tookMs;
  const work = `catch-up of ${count / 1_000} k events over WebSocket`;
  const figure = `${rate(perSecond(linkMs), 'events')}, ${duration(linkMs)}`;
  return [
    {
      work,
      figure,
      peer: `${(bytes / 2 ** 20).toFixed(0)} MB over a bare WebSocket, written and synced: ${rate(perSecond(bareMs), 'events')}`,
      ratio: bareMs / linkMs,
      goal: atLeast(perSecond(linkMs), LEAST_PER_SECOND, `${LEAST_PER_SECOND / 1_000} k events/s`),
    },
    {
      work,
      figure,
      peer: `the writer alone, pages from the other file: ${rate(perSecond(aloneMs), 'events')}`,
      ratio: aloneMs / linkMs,
    },
  ];
}
