/** The node as its API asks for it. */
import type { Door } from '#api/door.ts';
import { isToken } from '#identity/person-token.ts';
import type { CommandParts } from './command-parts.ts';
import { executeCommand } from './node-commands.ts';
import { findSpace } from '../home/default-space.ts';
import { listEntities } from '../list-entities.ts';
import { nodeStatus } from '../node-status.ts';

/** What the door has beside the parts that commands work on. */
export interface DoorGround extends Pick<Door, 'enter' | 'metrics' | 'bus' | 'sandbox'> {
  readonly epoch: number;
  readonly key: string;
  /** That of the person. */
  readonly token: string;
  readonly jobs: () => number;
}

/** The door of a node. */
export function makeDoor(parts: CommandParts, ground: DoorGround): Door {
  const { epoch, key, token, jobs, ...open } = ground;
  const { spaces, supervisor } = parts;
  return {
    identify: (given) => {
      if (isToken(given, token)) return { actor: 'person:owner', authority: 'human' };
      const name = parts.tokens.nameOf(given);
      return name === undefined ? undefined : { actor: `agent:${name}`, authority: 'peer' };
    },
    execute: (command, speaker) => executeCommand(parts, command, speaker),
    entities: (query) => listEntities(spaces, query),
    ledger: async (space) => spaces.open(findSpace(spaces, space)),
    atWork: () => supervisor.atWork,
    work: () => ({ agents: supervisor.agents, jobs: jobs(), epoch }),
    status: () => nodeStatus(parts, { epoch, key }),
    ...open,
  };
}
