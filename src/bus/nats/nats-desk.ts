/**
 * The receiving end of one subject at one connection. NATS deals out to the members of a queue group
 * by chance, whether they have room or not, so each group here has two subscriptions: one for what
 * comes, and one, for as long as there is room, to take over what full members elsewhere hand on.
 */
import type { SkeinError } from '#protocol/errors.ts';
import { Audience } from '../audience.ts';
import { allFull } from '../bus-refusals.ts';
import { noResponder, type Asker, type Delivery, type DeliveryQueue } from '../delivery-queue.ts';
import { toErrorAnswer, type WireMessage } from '../wire-message.ts';

/** What came for a desk: a message, and of a request who waits. */
export interface Arrival {
  readonly wire: WireMessage;
  /** Answers whoever handed it on: whether it was taken. */
  readonly tell: (outcome: 'taken' | 'full') => void;
  readonly asker: Asker;
}

/** What a desk needs of its connection. */
export interface DeskHost {
  /** Listens on the carrier; answers how to stop. */
  readonly listen: (
    subject: string,
    queue: string | undefined,
    take: (arrival: Arrival) => void,
  ) => () => void;
  /** Hands a message on to who has room there; false when nobody has. */
  readonly pass: (subject: string, wire: WireMessage) => Promise<boolean>;
  readonly report: (error: SkeinError) => void;
}

/** Where requests go: to any listener, and before that to one who has room. */
export const askSubject = (subject: string): string => `${subject}.ask`;
/** Where requests find listeners with room. */
export const readySubject = (subject: string): string => `${subject}.ready`;
/** Where messages for a group find its members with room. */
export const readyGroupSubject = (subject: string, group: string): string =>
  `${subject}.ready.${group}`;

const ASK = 'ask';

/** Some listeners that the carrier takes for one. */
interface Channel {
  readonly audience: Audience;
  readonly readySubject: string;
  readonly queue: string;
  readonly takeReady: (arrival: Arrival) => void;
  readonly stop: () => void;
  stopReady: (() => void) | undefined;
}

/** All listeners of a connection to one subject. */
export class NatsDesk {
  readonly #host: DeskHost;
  readonly #subject: string;
  readonly #lone = new Audience();
  #stopLone: (() => void) | undefined;
  readonly #groups = new Map<string, Channel>();
  #asks: Channel | undefined;

  constructor(host: DeskHost, subject: string) {
    this.#host = host;
    this.#subject = subject;
  }

  get empty(): boolean {
    return this.#asks === undefined;
  }

  join(queue: DeliveryQueue): void {
    const { group } = queue;
    if (group === undefined) {
      this.#lone.join(queue);
      this.#stopLone ??= this.#host.listen(this.#subject, undefined, ({ wire }) => {
        this.#lone.offerAll({ wire });
        this.refresh();
      });
    } else {
      const channel = this.#groups.get(group) ?? this.#openGroup(group);
      this.#groups.set(group, channel);
      channel.audience.join(queue);
    }
    this.#asks ??= this.#openAsks();
    this.#asks.audience.join(queue);
    this.refresh();
  }

  leave(queue: DeliveryQueue): void {
    const { group } = queue;
    const channel = group === undefined ? undefined : this.#groups.get(group);
    (channel?.audience ?? this.#lone).leave(queue);
    this.#asks?.audience.leave(queue);
    if (this.#lone.empty) {
      this.#stopLone?.();
      this.#stopLone = undefined;
    }
    if (channel?.audience.empty === true && group !== undefined) {
      close(channel);
      this.#groups.delete(group);
    }
    if (this.#asks?.audience.empty === true) {
      close(this.#asks);
      this.#asks = undefined;
    }
    this.refresh();
  }

  /** Room has come or gone: says so to the carrier where it is new. */
  refresh(): void {
    for (const channel of this.#groups.values()) this.#refresh(channel);
    if (this.#asks !== undefined) this.#refresh(this.#asks);
  }

  #refresh(channel: Channel): void {
    const hasRoom = channel.audience.hasRoom(0);
    if (hasRoom === (channel.stopReady !== undefined)) return;
    channel.stopReady?.();
    channel.stopReady = hasRoom
      ? this.#host.listen(channel.readySubject, channel.queue, channel.takeReady)
      : undefined;
  }

  #openGroup(group: string): Channel {
    const audience = new Audience();
    const ready = readyGroupSubject(this.#subject, group);
    const offer = (delivery: Delivery): void => {
      audience.offerAll(delivery);
      this.refresh();
    };
    return {
      audience,
      readySubject: ready,
      queue: group,
      stopReady: undefined,
      stop: this.#host.listen(this.#subject, group, ({ wire }) => {
        if (audience.hasRoom(wire.sizeBytes)) return offer({ wire });
        // Where nobody has room, it is ours to drop, and to count.
        void this.#host.pass(ready, wire).then((passed) => passed || offer({ wire }));
      }),
      takeReady: ({ wire, tell }) => {
        const hasRoom = audience.hasRoom(wire.sizeBytes);
        if (hasRoom) offer({ wire });
        tell(hasRoom ? 'taken' : 'full');
      },
    };
  }

  #openAsks(): Channel {
    const audience = new Audience();
    const offer = (delivery: Delivery): boolean => {
      const taken = audience.offerOne(delivery);
      this.refresh();
      return taken;
    };
    return {
      audience,
      readySubject: readySubject(this.#subject),
      queue: ASK,
      stopReady: undefined,
      stop: this.#host.listen(askSubject(this.#subject), ASK, ({ wire, asker }) => {
        if (offer({ wire, asker })) return;
        asker.answer(toErrorAnswer(audience.empty ? noResponder(wire) : allFull(wire)));
      }),
      takeReady: ({ wire, asker, tell }) => {
        if (audience.hasRoom(wire.sizeBytes)) offer({ wire, asker });
        else tell('full');
      },
    };
  }
}

function close(channel: Channel): void {
  channel.stop();
  channel.stopReady?.();
  channel.stopReady = undefined;
}
