/** A process of its own that listens at a NATS server, to be frozen from outside. */
import { openNats } from './open-nats.ts';

const [server = '', subject = '', group] = process.argv.slice(2);
const { bus } = await openNats([server]);
const options = group === undefined ? {} : { group };
bus.subscribe(subject, ({ body }) => process.send?.(body), options);
await bus.publish({ id: 'i', subject, from: 'agent:frozen', sentAt: 'now', body: 'ready' });
process.send?.('listening');
