/** What it means when gVisor can't start a guest. */
import { SkeinError } from '#protocol/errors.ts';
import { LAUNCHING, NOT_BEGUN } from './launch-script.ts';

/** gVisor's own exit code for an error of its own; a program may use it, too, but can't write the log. */
const FATAL = 128;

/** `sandbox-failed` for a guest whose program never began, else null. `said` is what its script reported. */
export function explainFailure(said: string, exitCode: number | null): SkeinError | null {
  const [before = '', log] = said.split(`${LAUNCHING}\n`);
  if (log === undefined) {
    const words = before.trim() || `its script ended with ${exitCode}`;
    return failure(words.slice(0, 500), 'See whether root may make mount namespaces here');
  }
  const messages = [...log.matchAll(/"msg":("(?:[^"\\]|\\.)*")/g)].map(
    ([, text]) => JSON.parse(text ?? '""') as string,
  );
  const isUnbegun = messages.some((text) => /(creating|starting) container:/.test(text));
  if ((exitCode !== FATAL && exitCode !== NOT_BEGUN) || !isUnbegun) return null;
  // The first of them is the cause of the others.
  const words = (messages[0] ?? '').slice(0, 500);
  return failure(words, 'Check that the folders it is given exist, or install a newer gVisor');
}

const failure = (words: string, fix: string): SkeinError =>
  new SkeinError('sandbox-failed', `Cannot start a guest of gVisor: ${words}`, { fix });
