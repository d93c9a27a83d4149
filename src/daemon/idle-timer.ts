/** Stops a node that nobody needs: no request under way, no mission at work, for a while. */

/** `enter` is called when a request begins, what it answers when the request has ended. */
export interface IdleTimer {
  readonly enter: () => () => void;
  readonly stop: () => void;
}

/** Calls `expired` after `idleMs` without requests; while `busy` it waits another round. */
export function idleTimer(idleMs: number, busy: () => boolean, expired: () => void): IdleTimer {
  let inside = 0;
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => (inside > 0 || busy() ? wait() : expired()), idleMs);
  };
  wait();
  return {
    enter: () => {
      inside += 1;
      let left = false;
      return () => {
        if (left) return;
        left = true;
        inside -= 1;
        wait();
      };
    },
    stop: () => clearTimeout(timer),
  };
}
