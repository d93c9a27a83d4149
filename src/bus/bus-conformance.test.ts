/** Each check of the conformance suite notices a bus that breaks what it is about. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { SkeinError, toSkeinError, type ErrorName } from '#protocol/errors.ts';
import { BUS_CHECKS, runBusCheck } from './bus-conformance.ts';
import type { Bus, BusHandler, BusMessage, BusSubscription, SubscribeOptions } from './bus.ts';
import { EXCHANGE, type OpenedBus } from './conformance/stage.ts';
import { MAX_WAITING } from './delivery-queue.ts';
import { MAX_REQUEST_MS } from './bus-refusals.ts';
import { openMemory } from './conformance/open-memory.ts';
import { MAX_BODY_BYTES } from './wire-message.ts';

/** What waits for something that never comes gives up so soon. */
const LIMIT_MS = 2_000;

type Wrap = (bus: Bus) => Partial<Bus>;

/** A bus that breaks one sentence of the contract, and the checks that must notice. */
interface Broken {
  readonly what: string;
  /** Made anew for each carrier: what it keeps is shared by all connections of that carrier. */
  readonly make: () => Wrap;
  readonly noticedBy: readonly string[];
}

/** Changes what subscribers hand in. */
const subscribing =
  (
    change: (handle: BusHandler, options: SubscribeOptions) => [BusHandler, SubscribeOptions?],
  ): Wrap =>
  (bus) => ({
    subscribe: (subject, handle, options = {}) =>
      bus.subscribe(subject, ...change(handle, options)),
  });

/** Turns one error into another, or into success. */
const insteadOf =
  (name: ErrorName, other?: ErrorName) =>
  (thrown: unknown): void => {
    if (toSkeinError(thrown).name !== name) throw thrown;
    if (other !== undefined)
      throw new SkeinError(other, 'Cannot say what it is: broken on purpose');
  };

const asking =
  (name: ErrorName, other: ErrorName): Wrap =>
  (bus) => ({
    request: (message, timeoutMs) => bus.request(message, timeoutMs).catch(insteadOf(name, other)),
  });

/** Takes what it should refuse. */
const forgiving =
  (name: ErrorName): Wrap =>
  (bus) => ({ publish: (message) => bus.publish(message).catch(insteadOf(name)) });

/** Calls handlers as soon as something is published, as an EventEmitter does. */
function makeSynchronous(): Wrap {
  const handlers = new Map<string, BusHandler>();
  return (bus) => ({
    subscribe: (subject, handle) => {
      handlers.set(subject, handle);
      return bus.subscribe(subject, handle);
    },
    publish: async (message) => void handlers.get(message.subject)?.(message),
    request: async (message) => handlers.get(message.subject)?.(message),
  });
}

/** Hands on the very object that was sent; that also keeps its size from the bus. */
function makeSharing(): Wrap {
  const bodies = new Map<string, unknown>();
  return (bus) => ({
    publish: (message) => {
      bodies.set(message.id, message.body);
      return bus.publish({ ...message, body: 0 });
    },
    subscribe: (subject, handle, options) =>
      bus.subscribe(
        subject,
        (message) => handle({ ...message, body: bodies.get(message.id) }),
        options,
      ),
  });
}

/** Remembers the last message of a subject and gives it to who comes later. */
function makeRetaining(): Wrap {
  const last = new Map<string, BusMessage>();
  return (bus) => ({
    publish: (message) => {
      last.set(message.subject, message);
      return bus.publish(message);
    },
    subscribe: (subject, handle, options) => {
      const message = last.get(subject);
      if (message !== undefined) void handle(message);
      return bus.subscribe(subject, handle, options);
    },
  });
}

/** Has one member of a group work, and the others look on. */
function makeFirstOnly(): Wrap {
  const known = new Set<string>();
  return (bus) => ({
    subscribe: (subject, handle, options) => {
      const idle = options?.group !== undefined && known.has(subject);
      known.add(subject);
      return bus.subscribe(idle ? `${subject}-idle` : subject, handle, options);
    },
  });
}

/** Deals out to the members of a group by number, whether they have room or not. */
function makeDealing(): Wrap {
  let [members, dealt] = [0, 0];
  return (bus) => ({
    subscribe: (subject, handle, options = {}) => {
      if (options.group === undefined) return bus.subscribe(subject, handle, options);
      const deal = (message: BusMessage): void => {
        dealt += 1;
        void bus.publish({ ...message, subject: `${subject}-${dealt % members}` });
      };
      bus.subscribe(subject, deal, { group: options.group });
      members += 1;
      return bus.subscribe(`${subject}-${members - 1}`, handle, options);
    },
  });
}

/** Gives each answer to who has waited longest. */
function makeMixingAnswers(): Wrap {
  const waiting: ((answer: unknown) => void)[] = [];
  return (bus) => ({
    request: (message, timeoutMs) =>
      new Promise((resolve, reject) => {
        waiting.push(resolve);
        bus.request(message, timeoutMs).then((answer) => waiting.shift()?.(answer), reject);
      }),
  });
}

/** Hands on the very object that the handler returned. */
function makeSharingAnswers(): Wrap {
  const answers = new Map<string, unknown>();
  return (bus) => ({
    subscribe: (subject, handle) =>
      bus.subscribe(subject, (message) => void answers.set(message.id, handle(message))),
    request: async (message, timeoutMs) => {
      await bus.request(message, timeoutMs);
      return answers.get(message.id);
    },
  });
}

const closeNothing: Wrap = (bus) => ({
  subscribe: (...options) => ({ ...bound(bus.subscribe(...options)), close: () => undefined }),
  close: async () => undefined,
});

const bound = (subscription: BusSubscription): BusSubscription => ({
  waiting: () => subscription.waiting(),
  dropped: () => subscription.dropped(),
  close: () => subscription.close(),
});

const neverTimesOut: Wrap = (bus) => ({
  request: (message) => bus.request(message, MAX_REQUEST_MS),
});

const BROKEN: readonly Broken[] = [
  {
    what: 'reaches one of many',
    make: () => subscribing((handle, options) => [handle, { group: 'all', ...options }]),
    noticedBy: ['a message reaches all who are subscribed, as it was sent'],
  },
  {
    what: 'changes what it carries',
    make: () => (bus) => ({ publish: (message) => bus.publish({ ...message, from: 'nobody' }) }),
    noticedBy: ['a message reaches all who are subscribed, as it was sent'],
  },
  {
    what: 'repeats what was said before',
    make: makeRetaining,
    noticedBy: ['a subscription counts from its beginning to its end'],
  },
  {
    what: 'is late with every second message',
    make: () => (bus) => {
      let count = 0;
      return {
        publish: async (message) => {
          count += 1;
          if (count % 2 === 0) await turn();
          await bus.publish(message);
        },
      };
    },
    noticedBy: [
      '10,000 messages of each sender come in the order of sending',
      'requests and messages of a sender keep their order',
    ],
  },
  {
    what: 'does not wait for handlers',
    make: () => subscribing((handle, options) => [(message) => void handle(message), options]),
    noticedBy: ['a handler has one message at a time'],
  },
  {
    what: 'calls handlers at once',
    make: makeSynchronous,
    noticedBy: ['a handler is never called from inside publish or request'],
  },
  {
    what: 'ends a subscription whose handler throws',
    make: () => (bus) => ({
      subscribe: (subject, handle, options) => {
        const guarded: BusHandler = async (message) => {
          try {
            return await handle(message);
          } catch (error) {
            subscription.close();
            throw error;
          }
        };
        const subscription = bus.subscribe(subject, guarded, options);
        return subscription;
      },
    }),
    noticedBy: ['a handler that throws loses its own message only, and is reported'],
  },
  {
    what: 'swallows what handlers throw',
    make: () =>
      subscribing((handle, options) => [
        async (message) => {
          try {
            return await handle(message);
          } catch {
            return null;
          }
        },
        options,
      ]),
    noticedBy: [
      'a handler that throws loses its own message only, and is reported',
      'a SkeinError of the handler reaches who asked, all else is internal',
    ],
  },
  {
    what: 'hands on the object that was sent',
    make: makeSharing,
    noticedBy: ['what one does to a body nobody else sees', 'at most 8 MB of bodies may wait'],
  },
  {
    what: 'knows no groups',
    make: () => subscribing((handle, { group: _group, ...options }) => [handle, options]),
    noticedBy: [
      'of each group exactly one member gets a message',
      'no message comes twice while members come and go',
    ],
  },
  {
    what: 'lets one member of a group work',
    make: makeFirstOnly,
    noticedBy: ['members of a group take turns'],
  },
  {
    what: 'deals out without asking who has room',
    make: makeDealing,
    noticedBy: ['a member that is stuck is passed over'],
  },
  {
    what: 'lets any number wait',
    make: () => subscribing((handle, options) => [handle, { ...options, maxWaiting: MAX_WAITING }]),
    noticedBy: [
      'what does not fit is dropped, counted and told; others notice nothing',
      '1,000 messages may wait when the subscriber does not say',
      'a request to who has no room is told so',
    ],
  },
  {
    what: 'does not tell of an overflow',
    make: () => subscribing((handle, { overflow: _overflow, ...options }) => [handle, options]),
    noticedBy: ['what does not fit is dropped, counted and told; others notice nothing'],
  },
  {
    what: 'makes JSON of anything',
    make: () => forgiving('message-invalid'),
    noticedBy: ['what is not plain JSON is refused'],
  },
  {
    what: 'leaves out what is too large',
    make: () => forgiving('payload-too-large'),
    noticedBy: ['bodies of more than 256 kB are refused'],
  },
  {
    what: 'takes any subject',
    make: () => forgiving('subject-invalid'),
    noticedBy: ['subjects and groups of another form are refused'],
  },
  {
    what: 'takes any limit',
    make: () => subscribing((handle, { maxWaiting: _most, ...options }) => [handle, options]),
    noticedBy: ['limits that are none are refused'],
  },
  {
    what: 'hands on the object that was answered',
    make: makeSharingAnswers,
    noticedBy: ['a request is answered with what the handler returned'],
  },
  {
    what: 'asks everybody',
    make: () => (bus) => ({
      request: async (message, timeoutMs) => {
        await bus.publish(message);
        return bus.request(message, timeoutMs);
      },
    }),
    noticedBy: ['a request goes to one responder'],
  },
  {
    what: 'mixes up answers',
    make: makeMixingAnswers,
    noticedBy: ['each of many requests gets its own answer'],
  },
  {
    what: 'cannot tell nobody from silence',
    make: () => asking('no-responder', 'request-timeout'),
    noticedBy: ['a request to nobody finds no responder'],
  },
  {
    what: 'waits for ever, and closes nothing',
    make: () => (bus) => ({ ...closeNothing(bus), ...neverTimesOut(bus) }),
    noticedBy: [
      'a request times out, and its late answer harms nobody',
      'a request that waits where nobody is left ends',
      'a subscription that closes drops what waits and ends what it does',
      'after close everything throws bus-closed, and so does what waits',
    ],
  },
  {
    what: 'hides why a handler refuses',
    make: () => asking('path-held', 'internal'),
    noticedBy: ['a SkeinError of the handler reaches who asked, all else is internal'],
  },
  {
    what: 'cuts answers that are too large',
    make: () =>
      subscribing((handle, options) => [
        (message) => {
          const answer = handle(message);
          return typeof answer === 'string' ? answer.slice(0, MAX_BODY_BYTES / 2) : answer;
        },
        options,
      ]),
    noticedBy: ['answers keep the limits of bodies'],
  },
  {
    what: 'has one connection for all',
    make: () => {
      let only: Bus | undefined;
      return (bus) => (only ??= bus);
    },
    noticedBy: ['closing one connection leaves the others at work'],
  },
];

/** A connection of which some methods are others. */
function replaced(bus: Bus, wrap: Wrap): Bus {
  const whole: Bus = {
    publish: (message) => bus.publish(message),
    subscribe: (...options) => bus.subscribe(...options),
    request: (message, timeoutMs) => bus.request(message, timeoutMs),
    close: () => bus.close(),
  };
  return { ...whole, ...wrap(whole) };
}

async function openBroken(wrap: Wrap): Promise<OpenedBus> {
  const opened = await openMemory();
  return {
    ...opened,
    bus: replaced(opened.bus, wrap),
    connect: async () => replaced(await opened.connect(), wrap),
  };
}

/** Whether a check has found something (an answer that never comes, too), and did not just fail to begin. */
const isFinding = ({ name, message }: Error): boolean =>
  name === 'request-timeout' || (name === 'AssertionError' && !message.includes(EXCHANGE));

// Many of them wait for what never comes: they do so together.
describe('the conformance suite notices a bus that', { concurrency: true }, () => {
  for (const { what, make, noticedBy } of BROKEN) {
    for (const name of noticedBy) {
      it(`${what}: ${name}`, async () => {
        const check = BUS_CHECKS.find((each) => each.name === name);
        assert.ok(check !== undefined, 'there is a check of that name');
        await assert.rejects(
          runBusCheck(check, () => openBroken(make()), LIMIT_MS),
          isFinding,
        );
      });
    }
  }
});

describe('the conformance suite', () => {
  it('has no check that was not seen to fail', () => {
    const seen = new Set(BROKEN.flatMap(({ noticedBy }) => noticedBy));
    assert.deepEqual(
      BUS_CHECKS.map(({ name }) => name).filter((name) => !seen.has(name)),
      [],
    );
  });

  it('finds nothing in a bus that is wrapped and not broken', async () => {
    for (const check of BUS_CHECKS) {
      assert.ok(await runBusCheck(check, () => openBroken(() => ({}))), check.name);
    }
  });

  it('leaves out what an adapter of one connection cannot show, and says so', async () => {
    const open = async (): Promise<OpenedBus> => {
      const { connect: _connect, ...opened } = await openMemory();
      return opened;
    };
    for (const check of BUS_CHECKS) {
      assert.equal(await runBusCheck(check, open), check.needsTwo !== true, check.name);
    }
  });
});
