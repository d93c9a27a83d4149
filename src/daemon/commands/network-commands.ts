/** Commands about other nodes: how they are met, who is invited, who joins, who leaves. Only a person's. */
import { z } from 'zod';
import { parseDuration } from '#lib/duration.ts';
import type { SpaceState } from '#ledger/state/space-reducer.ts';
import type { Ledger } from '#ledger/ledger.ts';
import { PERSON } from '#protocol/address.ts';
import { SkeinError } from '#protocol/errors.ts';
import { decodeInvite } from '#sync/member/invite.ts';
import { openRepository } from '#workspace/git/open-repository.ts';
import { findSpace, knownDefault, openDefault, setDefault } from '../home/default-space.ts';
import { readInput, type Handler } from './command-input.ts';
import type { CommandParts } from './command-parts.ts';

const inviting = z.object({
  space: z.string().exactOptional(),
  repository: z.string().exactOptional(),
  role: z.enum(['writer', 'reader']),
  expiresIn: z.string(),
});
const joining = z.object({ code: z.string().min(1).max(20_000), isDefault: z.boolean() });
const removing = z.object({ key: z.string().min(4), space: z.string().exactOptional() });

/** Events that a space has in which nobody did anything but look. */
const MAX_UNUSED = 20;

/** An invitation may lie about for so long, in milliseconds. */
const MAX_INVITATION_MS = 30 * 86_400_000;

/** By name, as they come through the door. */
export const networkCommands: Readonly<Record<string, Handler>> = {
  'network.configure': async ({ network }, command) =>
    network.configure(readInput(z.looseObject({}), command)),
  'network.invite': async (parts, command) => {
    const { expiresIn, role, ...where } = readInput(inviting, command);
    const expiresInMs = parseDuration(expiresIn);
    if (expiresInMs === undefined || expiresInMs === 0 || expiresInMs > MAX_INVITATION_MS) {
      throw new SkeinError('usage', `Cannot invite for ${expiresIn}: it is no time up to 30d`, {
        fix: 'Write a number and a unit, such as 30m, 2h or 7d.',
      });
    }
    const { space } = await ledgerOf(parts, where);
    return parts.network.invite(space, role, expiresInMs);
  },
  'network.join': async (parts, command) => {
    const { code, isDefault } = readInput(joining, command);
    const { space, owner } = await parts.network.join(code);
    const known = knownDefault(parts.paths);
    const { isProject = false } = decodeInvite(code);
    const takes = isDefault || (!isProject && (await isUnused(parts)));
    if (takes) setDefault(parts.paths, space);
    return { space, owner, isDefault: takes || known === space };
  },
  'network.remove': async (parts, command, speaker) => {
    const { key: prefix, space } = readInput(removing, command);
    const ledger = await ledgerOf(parts, space === undefined ? {} : { space });
    const key = memberOf(ledger, prefix);
    // What it wrote up to here stays; the rest is void, whenever it arrives.
    const last = ledger.exchange
      .heads()
      .filter(({ author, frozen }) => author === key && !frozen)
      .at(-1);
    const cut =
      last === undefined ? {} : { cut: { chain: last.chain, seq: last.seq, hash: last.hash } };
    await ledger.execute({ id: command.id, name: 'space.remove', input: { key, ...cut } }, speaker);
    return { key };
  },
};

/** Whether nobody would miss the home's own space for messages: no agent is in it, nothing was said. */
async function isUnused({ paths, spaces }: CommandParts): Promise<boolean> {
  const known = knownDefault(paths);
  if (known === undefined || !spaces.list().includes(known)) return true;
  const { read } = await spaces.open(known);
  const first = read.events({ after: 0, limit: MAX_UNUSED + 1 });
  const isSilent = first.every(({ type }) => type?.startsWith('message.') !== true);
  const isEmpty = read.entities('agent').every(({ id }) => id.startsWith(`${PERSON}@`));
  return first.length <= MAX_UNUSED && isSilent && isEmpty;
}

async function ledgerOf(
  parts: CommandParts,
  where: { readonly space?: string; readonly repository?: string },
): Promise<Ledger> {
  const { spaces, paths } = parts;
  if (where.repository !== undefined) {
    const repository = await openRepository(where.repository);
    return spaces.forRepository(repository, process.env['PATH'] ?? '');
  }
  return where.space === undefined
    ? openDefault({ spaces, paths })
    : spaces.open(findSpace(spaces, where.space));
}

function memberOf({ read, space }: Ledger, prefix: string): string {
  const state = read.entity('space', space)?.body as SpaceState | undefined;
  const found = Object.keys(state?.members ?? {}).filter((key) => key.startsWith(prefix));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const why = only === undefined ? 'no member has a key that begins so' : 'several keys begin so';
  throw new SkeinError(
    only === undefined ? 'not-found' : 'ambiguous-id',
    `Cannot choose ${prefix}: ${why}`,
    {
      fix: 'See: skein members',
    },
  );
}
