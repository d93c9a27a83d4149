/** A TCP proxy that can be cut: what goes through it is then refused until it heals. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A way to a server that can be closed and opened. */
export interface CutProxy {
  readonly port: number;
  readonly cut: () => void;
  readonly heal: () => void;
  /** How many connections go through it. */
  readonly open: () => number;
  readonly close: () => void;
}

/** Listens on `port` (or any) and passes on to `target`. */
export async function startProxy(target: number, port = 0): Promise<CutProxy> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const keep = (socket: Socket, other: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      other.destroy();
    });
    socket.pipe(other);
  };
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(target, '127.0.0.1');
    keep(near, far);
    keep(far, near);
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const end = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as { port: number }).port,
    cut: () => {
      isCut = true;
      end();
    },
    heal: () => void (isCut = false),
    open: () => sockets.size / 2,
    close: () => {
      end();
      server.close();
    },
  };
}
