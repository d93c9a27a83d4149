/** Two homes over WebSocket: who gets in, what agents say across, and what is left when either node dies. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Letter } from '#bus/inbox/letters.ts';
import type { ListedAgent } from '#api/bus-door.ts';
import { becomes } from '../bus-cli/bus-home.ts';
import { told } from '../support/run-skein.ts';
import {
  agree,
  isLong,
  linked,
  meet,
  openListening,
  openNetNode,
  type NetNode,
} from './net-node.ts';
import { cameOnce, recordedOnce, startReader, startSender } from './traffic.ts';

describe('an invitation', () => {
  let owner: NetNode;
  let code: string;
  const invite = async (...how: readonly string[]): Promise<string> =>
    (await owner.data<{ code: string }>('invite', ...how))[0]?.code ?? '';
  const changed = (change: object): string => {
    const parts = JSON.parse(Buffer.from(code, 'base64url').toString('utf8')) as object;
    return Buffer.from(JSON.stringify({ ...parts, ...change })).toString('base64url');
  };
  const isRefused = async (guest: NetNode, given: string, why: RegExp): Promise<void> => {
    const ended = await guest.run('join', given);
    assert.notEqual(ended.code, 0, told(ended));
    assert.match(ended.stderr, why);
    assert.equal((await guest.data('members')).length, 0);
  };

  before(async () => {
    owner = await openListening('alpha');
    code = await invite();
  });

  it('lets in nobody when its key, its space or its secret is another, or its time is over', async () => {
    const guest = await openListening('mallory');
    await isRefused(guest, changed({ k: 'a'.repeat(64) }), /node [0-9a-f]{16} answered/u);
    await isRefused(guest, changed({ s: 'b'.repeat(32) }), /invite-invalid/u);
    await isRefused(guest, changed({ x: 'c'.repeat(22) }), /invite-invalid/u);
    await isRefused(guest, await invite('--expires-in', '1ms'), /invite-invalid/u);
    await isRefused(guest, code.slice(0, -9), /invite-invalid/u);
    const { network } = await owner.status();
    assert.ok((network.sync?.refused['invite-invalid'] ?? 0) >= 2);
    assert.equal((await owner.data('members')).length, 1);
  });

  it('lets in one node, once', async () => {
    const first = await openListening('beta');
    await first.ok('join', code);
    const second = await openListening('gamma');
    await isRefused(second, code, /invite-invalid/u);
    await becomes('the owner knows it', async () => (await owner.data('members')).length === 2);
    await agree([owner, first]);
  });

  it('is made by the owner of the space, who can be reached', async () => {
    const alone = await openNetNode('alone');
    assert.match((await alone.run('invite')).stderr, /bus-disconnected/u);
    const member = await openListening('delta');
    await member.ok('join', await invite(), '--default');
    await becomes('it has the space', async () => (await member.data('members')).length > 1);
    assert.match((await member.run('invite')).stderr, /not-home/u);
  });
});

/** What an agent did not answer when its node died comes again soon, and as often as its node dies. */
const OFTEN = ['--handle', '5s', '--tries', '20'];

/** So few in hand at once are answered in that time on a slow machine too: none comes again for that. */
const IN_HAND = 10;

describe('agents of two homes', () => {
  let alpha: NetNode;
  let beta: NetNode;
  let space: string;
  const take = (node: NetNode, agent: string): Promise<readonly Letter[]> =>
    node.data<Letter>('inbox', '--as', agent, '--take', '20');
  const ack = async (node: NetNode, agent: string, letters: readonly Letter[]): Promise<void> => {
    await node.ok('inbox', '--as', agent, ...letters.flatMap(({ id }) => ['--ack', id]));
  };

  before(async () => {
    [alpha, beta] = await Promise.all([openListening('alpha'), openListening('beta')]);
    space = await meet(alpha, beta);
    await alpha.ok('agents', 'add', 'ann', '--skill', 'sum', '--topic', 'news');
    await beta.ok('agents', 'add', 'bob', '--skill', 'sum', '--topic', 'news');
    await becomes('both know both', async () => {
      const [here, there] = await Promise.all([alpha, beta].map(agentsOf));
      return [here, there].every((names) => names?.includes('ann') && names.includes('bob'));
    });
  });

  it('send, and the urgent come first', async () => {
    for (const priority of ['low', 'normal', 'high', 'critical']) {
      await alpha.ok('send', 'bob', priority, '--as', 'ann', '--priority', priority);
    }
    await becomes('all are there', async () => (await beta.waiting('bob')).length === 4);
    const letters = await take(beta, 'bob');
    assert.deepEqual(
      letters.map(({ text }) => text),
      ['critical', 'high', 'normal', 'low'],
    );
    await ack(beta, 'bob', letters);
  });

  it('ask and answer', async () => {
    const handler = beta.start(['watch', '--as', 'bob', '--once', '--exec', 'echo "forty-two"']);
    const answer = await alpha.ok('request', 'bob', 'how much?', '--as', 'ann', '--timeout', '60s');
    assert.match(answer, /forty-two/u);
    assert.equal((await handler.ended).code, 0);
  });

  it('share work by skill, exactly one for each, and both are asked', async () => {
    const count = 12;
    for (let sent = 1; sent <= count; sent += 1) {
      await alpha.post('message.send', { to: 'skill:sum', text: `sum ${sent}` });
    }
    const got = async (): Promise<readonly string[][]> =>
      Promise.all(
        [alpha.waiting('ann'), beta.waiting('bob')].map(async (waiting) =>
          (await waiting).filter(({ to }) => to === 'skill:sum').map(({ text }) => text),
        ),
      );
    await becomes('all are assigned', async () => (await got()).flat().length >= count);
    await agree([alpha, beta]);
    const [ann = [], bob = []] = await got();
    assert.deepEqual(
      [...ann, ...bob].toSorted(),
      Array.from({ length: count }, (_, index) => `sum ${index + 1}`).toSorted(),
    );
    assert.ok(ann.length > 0 && bob.length > 0, `ann ${ann.length}, bob ${bob.length}`);
    await ack(alpha, 'ann', await take(alpha, 'ann'));
    await ack(beta, 'bob', await take(beta, 'bob'));
  });

  it('tell all who listen to a topic', async () => {
    await alpha.ok('send', 'topic:news', 'for everybody');
    for (const [node, agent] of [
      [alpha, 'ann'],
      [beta, 'bob'],
    ] as const) {
      await becomes(`${agent} has it`, async () =>
        (await node.waiting(agent)).some(({ text }) => text === 'for everybody'),
      );
      await ack(node, agent, await take(node, agent));
    }
    await agree([alpha, beta]);
  });

  it('lose nothing, get nothing twice and all in order while either node is killed', async (t) => {
    const deaths = [beta, alpha, beta, alpha];
    const part = isLong ? 625 : 50;
    const count = part * deaths.length;
    for (const name of ['a1', 'a2']) await alpha.ok('agents', 'add', name, ...OFTEN);
    for (const name of ['b1', 'b2']) await beta.ok('agents', 'add', name, ...OFTEN);
    await agree([alpha, beta]);
    const readers = [startReader(alpha, 'a1', IN_HAND), startReader(beta, 'b1', IN_HAND)] as const;
    for (const [index, node] of deaths.entries()) {
      const next = { count: part, after: index * part };
      const senders = [
        startSender(alpha, { from: 'a1', to: 'b1', ...next }),
        startSender(alpha, { from: 'a2', to: 'b1', ...next }),
        startSender(beta, { from: 'b1', to: 'a1', ...next }),
        startSender(beta, { from: 'b2', to: 'a1', ...next }),
      ];
      await becomes('some are sent', async () => senders.some(({ sent }) => sent() > part / 4));
      await node.kill();
      t.diagnostic(
        `${node.name} killed when ${senders.map(({ sent }) => sent()).join(', ')} were sent`,
      );
      await node.up();
      await Promise.all(senders.map(({ done }) => done));
    }
    await Promise.all(readers.map((reader) => cameOnce(reader, 2, count)));
    await Promise.all(readers.map(({ stop }) => stop()));
    await agree([alpha, beta]);
    for (const node of [alpha, beta]) await recordedOnce(node, space, 4 * count, /^[ab][12]@/u);
  });

  it('go on when a node was stopped and started as usual', async () => {
    for (const node of [beta, alpha]) {
      await node.ok('down');
      await node.up();
      await linked(node);
      await alpha.ok('send', 'b2', 'again', '--as', 'a2');
    }
    await becomes('both are there', async () => (await beta.waiting('b2')).length === 2);
    await agree([alpha, beta]);
  });
});

const agentsOf = async (node: NetNode): Promise<readonly string[]> =>
  (await node.data<ListedAgent>('agents')).map(({ name }) => name);
