/**
 * The suite that every link must pass, whatever carries it. The checks are a table, so that they can
 * also be run against links that are broken on purpose, to see that they notice.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { SkeinError } from '#protocol/errors.ts';
import type { Link, LinkLimits, LinkMessage } from './link.ts';

/** Both ends of a new link, and how to take away what carries it. */
export interface OpenedLink {
  readonly dialler: Link;
  readonly acceptor: Link;
  readonly close: () => Promise<void> | void;
}

/** Opens a link whose ends have these limits. */
export type OpenLink = (limits: Partial<LinkLimits>) => Promise<OpenedLink>;

/** One promise of the contract, and how to see that it is kept. */
export interface LinkCheck {
  readonly name: string;
  readonly limits?: Partial<LinkLimits>;
  readonly run: (link: OpenedLink) => Promise<void>;
}

const nothing: LinkMessage = { params: null };

/** Waits until `is` holds; the test runner's own limit ends what never does. */
async function until(is: () => boolean): Promise<void> {
  while (!is()) await turn();
}

/** Every check. */
export const LINK_CHECKS: readonly LinkCheck[] = [
  {
    name: 'each end names the other, and both have the same greeting',
    run: async ({ dialler, acceptor }) => {
      assert.match(dialler.peer, /^[0-9a-f]{64}$/);
      assert.notEqual(dialler.peer, acceptor.peer);
      assert.deepEqual([dialler.greeting.dialled, acceptor.greeting.dialled], [true, false]);
      assert.match(dialler.greeting.binding, /^[0-9a-f]{64}$/);
      assert.equal(dialler.greeting.binding, acceptor.greeting.binding);
    },
  },
  {
    name: 'a call is answered with what the handler made of it, bytes and all, in both directions',
    run: async ({ dialler, acceptor }) => {
      for (const [caller, server] of [
        [dialler, acceptor],
        [acceptor, dialler],
      ] as const) {
        server.serve((method, { params, body }) => ({
          params: { method, params },
          body: Buffer.from(body ?? []).toReversed(),
        }));
        const body = Buffer.from([0, 1, 255, 10]);
        const answer = await caller.call('echo', { a: ['ü', null] }, { body });
        assert.deepEqual(answer.params, { method: 'echo', params: { a: ['ü', null] } });
        assert.deepEqual(Buffer.from(answer.body ?? []), Buffer.from([10, 255, 1, 0]));
      }
    },
  },
  {
    name: 'what a handler throws comes back as it was, and anything else as internal',
    run: async ({ dialler, acceptor }) => {
      acceptor.serve((method) => {
        if (method === 'known')
          throw new SkeinError('blob-missing', 'Cannot find it', { fix: 'Look.' });
        // A mistake of the handler's, not an answer.
        return (undefined as unknown as () => LinkMessage)();
      });
      await assert.rejects(dialler.call('known', null), { name: 'blob-missing', fix: 'Look.' });
      await assert.rejects(dialler.call('unknown', null), { name: 'internal' });
    },
  },
  {
    name: 'what is told arrives once and in order, and before a call made after it',
    run: async ({ dialler, acceptor }) => {
      const heard: unknown[] = [];
      acceptor.serve((_method, { params }) => {
        heard.push(params);
        return nothing;
      });
      for (let index = 0; index < 50; index += 1) assert.ok(dialler.tell('note', index));
      await dialler.call('note', 50);
      assert.deepEqual(
        heard,
        Array.from({ length: 51 }, (_, index) => index),
      );
    },
  },
  {
    name: 'calls wait until there is a handler',
    run: async ({ dialler, acceptor }) => {
      const asked = dialler.call('early', null);
      await turn();
      acceptor.serve(() => ({ params: 'served' }));
      assert.equal((await asked).params, 'served');
    },
  },
  {
    name: 'a call that nobody answers ends by its time, and a late answer disturbs nobody',
    run: async ({ dialler, acceptor }) => {
      const gate = Promise.withResolvers<LinkMessage>();
      acceptor.serve((method) => (method === 'slow' ? gate.promise : { params: 'quick' }));
      await assert.rejects(dialler.call('slow', null, { timeoutMs: 5 }), {
        name: 'request-timeout',
      });
      gate.resolve({ params: 'late' });
      assert.equal((await dialler.call('next', null)).params, 'quick');
    },
  },
  {
    name: 'calls over the limit wait for their turn, and all are answered',
    limits: { calls: 3 },
    run: async ({ dialler, acceptor }) => {
      let [served, most] = [0, 0];
      acceptor.serve(async () => {
        served += 1;
        most = Math.max(most, served);
        await turn();
        served -= 1;
        return nothing;
      });
      await Promise.all(Array.from({ length: 20 }, () => dialler.call('work', null)));
      assert.equal(most, 3);
    },
  },
  {
    name: 'a frame over the limit is refused before it is sent, and the link lives on',
    limits: { frameBytes: 2_000, paramsBytes: 500 },
    run: async ({ dialler, acceptor }) => {
      acceptor.serve(() => nothing);
      const tooLarge = { name: 'payload-too-large' };
      await assert.rejects(dialler.call('body', null, { body: Buffer.alloc(2_000) }), tooLarge);
      await assert.rejects(dialler.call('params', 'x'.repeat(500)), tooLarge);
      await dialler.call('body', null, { body: Buffer.alloc(1_900) });
    },
  },
  {
    name: 'an answer over the limit becomes an error, and the link lives on',
    limits: { frameBytes: 2_000 },
    run: async ({ dialler, acceptor }) => {
      acceptor.serve((method) =>
        method === 'large' ? { params: null, body: Buffer.alloc(2_000) } : nothing,
      );
      await assert.rejects(dialler.call('large', null), { name: 'payload-too-large' });
      await dialler.call('small', null);
    },
  },
  {
    name: 'a peer that does not handle what it is told is told no more, at bounded cost',
    limits: { served: 2, queuedBytes: 100_000 },
    run: async ({ dialler, acceptor }) => {
      const gate = Promise.withResolvers<LinkMessage>();
      let handled = 0;
      acceptor.serve(() => {
        handled += 1;
        return gate.promise;
      });
      const body = Buffer.alloc(50_000);
      let told = 0;
      // A carrier has buffers of its own: it takes a while until the peer's stop is felt here.
      while (told < 2_000 && dialler.tell('note', null, body)) {
        told += 1;
        await turn();
      }
      assert.ok(told < 2_000, 'nothing stopped it');
      assert.ok(handled <= 3, `${handled} at once`);
      gate.resolve(nothing);
      await until(() => handled === told);
      await until(() => dialler.tell('note', null, body));
    },
  },
  {
    name: 'whoever closes says why; open calls end, later ones too, and nothing more is told',
    run: async ({ dialler, acceptor }) => {
      acceptor.serve(() => new Promise(() => undefined));
      const asked = assert.rejects(dialler.call('hang', null), { name: 'node-unreachable' });
      await turn();
      acceptor.close('for a test');
      assert.equal(await dialler.closed, 'for a test');
      assert.equal(await acceptor.closed, 'for a test');
      await asked;
      await assert.rejects(dialler.call('late', null), { name: 'node-unreachable' });
      assert.equal(dialler.tell('late', null), false);
      dialler.close('again');
    },
  },
  {
    name: "the peer's clock is known, with its error",
    limits: { pingEveryMs: 2 },
    run: async ({ dialler, acceptor }) => {
      await until(() => dialler.clock() !== undefined && acceptor.clock() !== undefined);
      const { offsetMs, errorMs, rttMs } = dialler.clock() ?? {
        offsetMs: NaN,
        errorMs: NaN,
        rttMs: NaN,
      };
      assert.ok(Math.abs(offsetMs) <= errorMs + 2, `${offsetMs} ± ${errorMs}`);
      assert.equal(errorMs, rttMs / 2);
    },
  },
];

/** Runs one check on a link of its own; throws what it finds. */
export async function runLinkCheck(check: LinkCheck, open: OpenLink): Promise<void> {
  const opened = await open(check.limits ?? {});
  try {
    await check.run(opened);
  } finally {
    opened.dialler.close('the check is over');
    await opened.close();
  }
}

/** The whole suite, as tests. */
export function describeLink(name: string, open: OpenLink): void {
  describe(`${name} keeps the contract of a link`, () => {
    for (const check of LINK_CHECKS) it(check.name, () => runLinkCheck(check, open));
  });
}
