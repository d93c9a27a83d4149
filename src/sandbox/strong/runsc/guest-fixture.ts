/** What the tests of guests share: gVisor, when it can be used here, and a way to run a shell script in it. */
import { text } from 'node:stream/consumers';
import { COMMAND_LIMITS } from '#sandbox/limits.ts';
import type { Limits } from '#sandbox/limits.ts';
import type { JailBackend, JailEnd, JailRequest } from '#sandbox/jail/jail.ts';
import { openRunsc } from './open-runsc.ts';

const opened = await openRunsc();

/** Why no guest can be started here, or false. */
export const noGuests = 'problem' in opened ? `${opened.problem}. ${opened.fix}` : false;

/** To be used only where guests can be started. */
export const guests = opened as JailBackend;

/** What a guest said, and how it ended. */
export interface Finished {
  readonly out: string;
  readonly error: string;
  readonly end: JailEnd;
}

/** A request for a script of the shell. */
export const scriptRequest = (
  script: string,
  limits: Partial<Limits> = {},
  more: Partial<JailRequest> = {},
): JailRequest => ({
  argv: ['sh', '-c', script],
  cwd: '/tmp',
  environment: {},
  mounts: [],
  limits: { ...COMMAND_LIMITS, ...limits },
  stdio: ['ignore', 'pipe', 'pipe'],
  ...more,
});

/** Runs a script to its end. */
export async function runScript(
  script: string,
  limits: Partial<Limits> = {},
  more: Partial<JailRequest> = {},
): Promise<Finished> {
  const guest = guests.start(scriptRequest(script, limits, more));
  const [out, error, end] = await Promise.all([
    guest.stdout === null ? '' : text(guest.stdout),
    guest.stderr === null ? '' : text(guest.stderr),
    guest.ended,
  ]);
  return { out, error, end };
}
