/** The parts of a node that commands from outside work on. */
import type { Mailroom } from '#bus/inbox/mailroom.ts';
import type { Ledger } from '#ledger/ledger.ts';
import type { Supervisor } from '#supervisor/supervisor.ts';
import type { HomePaths } from '../home/home-paths.ts';
import type { AgentTokens } from '../agent-tokens.ts';
import type { PresenceOf } from '../messages/list-agents.ts';
import type { Network } from '../network/network.ts';
import type { NodePrograms } from '../programs/node-programs.ts';
import type { Spaces } from '../spaces.ts';

/** What commands work on. */
export interface CommandParts {
  readonly supervisor: Supervisor;
  /** What programs of repositories run behind. */
  readonly programs: NodePrograms;
  readonly spaces: Spaces;
  readonly paths: HomePaths;
  /** The key of this node. */
  readonly key: string;
  readonly tokens: AgentTokens;
  /** That of a space; it is opened when it is first asked for. */
  readonly mailroomOf: (ledger: Ledger) => Mailroom;
  readonly network: Network;
  /** Absent: nothing is known of agents at other nodes. */
  readonly presenceOf?: PresenceOf;
  /** Who of a skill should get the next message: those that are there and least busy, in turn. */
  readonly preferOf?: (space: string, skill: string) => readonly string[];
  readonly now: () => number;
  readonly newId: () => string;
  /** Stops the node; resolves when its files are free, and the answer still goes out. */
  readonly stop: () => Promise<void>;
}
