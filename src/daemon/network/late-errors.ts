/**
 * Errors of connections that nobody listens to any more. The NATS client takes its listeners off a
 * socket before it is gone; what the socket then says of a write that came too late would end the node.
 */

/** Codes by which a connection says that it is gone. */
const GONE: readonly unknown[] = [
  'ERR_STREAM_WRITE_AFTER_END',
  'ERR_STREAM_DESTROYED',
  'EPIPE',
  'ECONNRESET',
];

/** Whether all that happened is that a connection went; what it means is found out by its owner. */
export function isLateError(thrown: unknown): boolean {
  const { code, syscall } = (thrown ?? {}) as NodeJS.ErrnoException;
  return GONE.includes(code) && (syscall === undefined || ['read', 'write'].includes(syscall));
}

/** Lets the process live through such errors, and tells them; all others end it, as they would anyway. */
export function outliveLateErrors(report: (error: Error) => void): void {
  process.on('uncaughtException', (error) => {
    if (isLateError(error)) return report(error);
    process.stderr.write(`${error.stack ?? String(error)}\n`);
    process.exit(1);
  });
}
