/** Tells what became of a message that was sent, and how sure that is. */
import type { SentReport } from '#api/bus-door.ts';
import { style } from '../style.ts';

/** What the strength of a receipt promises. */
const STRENGTHS: Readonly<Record<string, string>> = {
  'local-fsync': 'on the disk of this node',
  'hub-fsync': 'on the disk of a hub too',
  'k-replicas': 'on the disks of several nodes',
};

/** Lines for a person. */
export function sentLines({
  id,
  to,
  assigned,
  reached,
  refused,
  elsewhere,
  strength,
}: SentReport): string[] {
  const { dim, yellow } = style(process.stdout);
  const address = to.replace(/^agent:/u, '');
  const whom = assigned === undefined ? address : `${assigned} (of ${address})`;
  const where = reached.length === 0 ? '' : reachedText(to, reached);
  const away = elsewhere ? '; goes to other nodes as they connect' : '';
  const nobody = reached.length === 0 && !elsewhere ? '; nobody listens to it now' : '';
  return [
    `${id}  to ${whom}${where}${away}${nobody}`,
    ...refused.map((each) => yellow(`  not taken by ${each.to}: ${each.detail}`)),
    dim(`  ${strength}: ${STRENGTHS[strength] ?? 'recorded'}`),
  ];
}

const reachedText = (to: string, reached: readonly string[]): string =>
  to.startsWith('topic:') ? `, in the inboxes of ${reached.length} here` : ', in its inbox';
