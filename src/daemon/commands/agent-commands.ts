/** Commands about agents: who there is, who is added, who goes, where their time went. */
import { z } from 'zod';
import type { Speaker } from '#protocol/command.ts';
import { agentId, PERSON } from '#protocol/address.ts';
import { SkeinError } from '#protocol/errors.ts';
import { chosenSpace, knownDefault } from '../home/default-space.ts';
import { efficiencyReport } from '../messages/efficiency-report.ts';
import { listAgents } from '../messages/list-agents.ts';
import { readInput, type Handler } from './command-input.ts';

const card = z.object({
  name: z.string().min(1),
  role: z.string().max(200).exactOptional(),
  skills: z.array(z.string()).exactOptional(),
  topics: z.array(z.string()).exactOptional(),
  version: z.string().exactOptional(),
  limit: z.int().exactOptional(),
  handleMs: z.int().exactOptional(),
  tries: z.int().exactOptional(),
});

const efficiencyOf = z.object({
  sinceMs: z.int().min(0).exactOptional(),
  agent: z.string().exactOptional(),
});

const leaving = z.object({ name: z.string().min(1), reason: z.string().max(2_000) });

/** Parts of the node speak under these names. */
const TAKEN = /^(?:supervisor|owner|node|(?:scout|coder|critic|runner)-\d+)$/;

/** By name, as they come through the door. What adds and removes agents is for people. */
export const agentCommands: Readonly<Record<string, Handler>> = {
  'agents.list': async (parts, command) => {
    // Looking makes no space.
    if (command.space === undefined && knownDefault(parts.paths) === undefined)
      return { agents: [] };
    const ledger = await chosenSpace(parts, command.space);
    const { key, presenceOf } = parts;
    return { agents: listAgents(ledger, { key, presenceOf, nowMs: parts.now() }) };
  },
  'messages.efficiency': async (parts, command) => {
    const input = readInput(efficiencyOf, command);
    const ledger = await chosenSpace(parts, command.space);
    return efficiencyReport(ledger, input, parts.now());
  },
  'agent.register': async (parts, command, speaker) => {
    const ledger = await chosenSpace(parts, command.space);
    return ledger.execute({ ...command, input: readInput(card, command) }, speaker);
  },
  'agent.add': async (parts, command, speaker) => {
    assertPerson(speaker, command.name);
    const input = readInput(card, command);
    if (TAKEN.test(input.name)) {
      throw new SkeinError('conflict', `Cannot add ${input.name}: a part of the node is so named`, {
        fix: 'Choose another name.',
      });
    }
    const ledger = await chosenSpace(parts, command.space);
    const receipt = await ledger.execute({ ...command, name: 'agent.register', input }, speaker);
    parts.mailroomOf(ledger);
    // The person has its own: another one would speak for it as an agent.
    const token = input.name === PERSON ? null : parts.tokens.make(input.name);
    const agent = agentId(input.name, parts.key);
    return { agent, space: ledger.space, token, isNew: receipt.events.length > 0 };
  },
  'agent.remove': async (parts, command, speaker) => {
    assertPerson(speaker, command.name);
    const input = readInput(leaving, command);
    // Answers and what goes to the person would have no inbox any more.
    if (input.name === PERSON) {
      throw new SkeinError('conflict', 'Cannot remove the person: this inbox goes with the node');
    }
    const ledger = await chosenSpace(parts, command.space);
    // First the token: whoever has it shall not register again.
    parts.tokens.remove(input.name);
    await ledger.execute({ ...command, name: 'agent.retire', input }, speaker);
    return { agent: agentId(input.name, parts.key), space: ledger.space };
  },
};

function assertPerson({ authority, actor }: Speaker, name: string): void {
  if (authority === 'human') return;
  throw new SkeinError('unauthorized', `Cannot execute ${name}: ${actor} is no person`);
}
