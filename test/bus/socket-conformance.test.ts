/** The bus over real sockets keeps the contract of the bus, over two connections. */
import { describeBus } from '#bus/bus-conformance.ts';
import { openSocket, unixWire, webWire } from './open-socket.ts';

describeBus('the bus over a Unix socket', () => openSocket(unixWire()));
describeBus('the bus over a WebSocket', () => openSocket(webWire()));
