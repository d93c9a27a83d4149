/** The tools that programs in the sandbox call, over the parts of this node, in the name of who asks. */
import { KeptOutputs } from '#agents/tools/kept-outputs.ts';
import { makeCallTool } from '#agents/tools/tool-library.ts';
import type { ListedMission, ToolHost } from '#agents/tools/tool.ts';
import type { AskedRun } from '#api/sandbox-door.ts';
import type { Speaker } from '#protocol/command.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { CallTool } from '#sandbox/sandbox.ts';
import { executeCommand } from '../commands/node-commands.ts';
import type { CommandParts } from '../commands/command-parts.ts';
import { listEntities } from '../list-entities.ts';

/** The most events of a mission that a tool answers with: the last ones. */
const MOST_EVENTS = 5_000;

const MOST_MISSIONS = 500;

/** Makes the tools of a caller; in a repository, when one is named. */
export function makeToolCaller(
  parts: CommandParts,
): (speaker: Speaker, tools: NonNullable<AskedRun['tools']>) => CallTool {
  const outputs = new KeptOutputs(parts.newId);
  return (speaker, { repository }) =>
    makeCallTool({
      host: toolHost(parts, speaker, repository),
      owner: speaker.actor,
      isPerson: speaker.authority === 'human',
      outputs,
    });
}

function toolHost(parts: CommandParts, speaker: Speaker, repository: string | undefined): ToolHost {
  const missions = (): Promise<readonly ListedMission[]> => listMissions(parts);
  return {
    repository: () => {
      if (repository !== undefined) return repository;
      throw new SkeinError('usage', 'Cannot read a repository: the run was given none');
    },
    missions,
    mission: async (word) => oneMission(await missions(), word),
    events: async ({ id, space }) => {
      const { read } = await parts.spaces.open(space);
      const newest = { after: 0, mission: id, newestFirst: true, limit: MOST_EVENTS };
      return read
        .events(newest)
        .toReversed()
        .flatMap(({ body }) => (body === null ? [] : [body.toString('utf8')]));
    },
    execute: (name, input, space) => {
      const named = space === undefined ? {} : { space };
      return executeCommand(parts, { id: parts.newId(), name, input, ...named }, speaker);
    },
  };
}

async function listMissions({ spaces }: CommandParts): Promise<readonly ListedMission[]> {
  const { entities } = await listEntities(spaces, { kind: 'mission' });
  return entities
    .toSorted((a, b) => (a.id < b.id ? 1 : -1))
    .slice(0, MOST_MISSIONS)
    .map(({ id, space, body }) => {
      const { status, goal } = body as { readonly status: string; readonly goal: string };
      return { id, space, status, goal };
    });
}

function oneMission(all: readonly ListedMission[], word: string): ListedMission {
  const found = all.filter(({ id }) => id.startsWith(word));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (only === undefined) {
    throw new SkeinError('not-found', `Cannot find mission ${word}: there is none`);
  }
  throw new SkeinError('ambiguous-id', `Cannot choose a mission: ${found.length} begin so`);
}
