/** The link in memory, and links that are broken on purpose: the checks must notice. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { testHello } from './fixtures/test-hello.ts';
import type { Link } from './link.ts';
import {
  describeLink,
  LINK_CHECKS,
  runLinkCheck,
  type OpenedLink,
  type OpenLink,
} from './link-conformance.ts';
import { MemoryNetwork } from './memory-link.ts';

const open: OpenLink = async (limits) => {
  const [near, far] = [testHello({ limits }), testHello({ limits })];
  const network = new MemoryNetwork(near);
  const accepted = Promise.withResolvers<Link>();
  network.attach({ address: 'near', hello: near, accept: () => undefined });
  network.attach({ address: 'far', hello: far, accept: accepted.resolve });
  const dialler = await network.dial('near', 'far');
  return { dialler, acceptor: await accepted.promise, close: () => undefined };
};

describeLink('the link in memory', open);

/** Links that break one promise each. */
const BROKEN: Readonly<Record<string, (link: Link) => Partial<Link>>> = {
  'names the wrong peer': () => ({ peer: 'nobody' }),
  'loses bodies': (link) => ({
    call: async (...[method, params, options]) => {
      const { params: answered } = await link.call(method, params, options);
      return { params: answered };
    },
  }),
  'turns errors into answers': (link) => ({
    call: (...given) => link.call(...given).catch(() => ({ params: null })),
  }),
  'drops what it is told': () => ({ tell: () => true }),
  'tells twice': (link) => ({
    tell: (...given) => link.tell(...given) && link.tell(...given),
  }),
  'never tells a clock': () => ({ clock: () => ({ offsetMs: 1e6, errorMs: 0, rttMs: 0 }) }),
  'closes without a reason': (link) => ({ closed: link.closed.then(() => 'gone') }),
};

describe('the checks of a link', () => {
  for (const [name, breaks] of Object.entries(BROKEN)) {
    it(`notice one that ${name}`, async () => {
      const broken: OpenLink = async (limits): Promise<OpenedLink> => {
        const opened = await open(limits);
        return { ...opened, dialler: { ...opened.dialler, ...breaks(opened.dialler) } };
      };
      const failed: string[] = [];
      for (const check of LINK_CHECKS) {
        // A check that would wait for ever for what does not come has not passed either.
        const late = AbortSignal.timeout(300);
        const ended = new Promise((_, reject) =>
          late.addEventListener('abort', () => reject(late.reason)),
        );
        await Promise.race([runLinkCheck(check, broken), ended]).catch(() =>
          failed.push(check.name),
        );
        if (failed.length > 0) break;
      }
      assert.notDeepEqual(failed, []);
    });
  }
});
