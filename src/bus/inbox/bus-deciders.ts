/** All commands about agents, their inboxes and messages, for the table of deciders. */
import type { DeciderTable } from '#ledger/decider.ts';
import { agentDeciders } from './decisions/agent-decider.ts';
import { importDeciders } from './decisions/import-decider.ts';
import { inboxDeciders } from './decisions/inbox-decider.ts';
import { receiveDeciders } from './decisions/receive-decider.ts';
import { sendDeciders } from './decisions/send-decider.ts';

/** Deciders by command name. */
export const busDeciders: DeciderTable = {
  ...agentDeciders,
  ...sendDeciders,
  ...receiveDeciders,
  ...inboxDeciders,
  ...importDeciders,
};
