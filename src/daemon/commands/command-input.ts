/** Reads what a command that came through the door says, and whose record it is about. */
import { z } from 'zod';
import type { DoorCommand } from '#api/door.ts';
import type { Speaker } from '#protocol/command.ts';
import { SkeinError } from '#protocol/errors.ts';
import type { CommandParts } from './command-parts.ts';
import type { Spaces } from '../spaces.ts';

/** Carries out one command. */
export type Handler = (
  parts: CommandParts,
  command: DoorCommand,
  speaker: Speaker,
) => Promise<unknown>;

/** What a person asks for besides the goal. */
export const missionOptions = z.object({
  checks: z.array(z.string()).max(50),
  merge: z.boolean(),
  hooks: z.boolean(),
  keepExports: z.boolean(),
  jobs: z.int().min(1).max(64).exactOptional(),
});

/** The input, when it has the form of `schema`; else throws `usage`. */
export function readInput<T>(schema: z.ZodType<T>, { name, input }: DoorCommand): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const state = `${issue?.path.join('.') ?? ''}: ${issue?.message}`.replace(/^: /u, '');
  throw new SkeinError('usage', `Cannot execute ${name}: ${state}`);
}

/** The space that was named; throws `usage` without one. */
export function spaceOf({ name, space }: DoorCommand): string {
  if (space !== undefined) return space;
  throw new SkeinError('usage', `Cannot execute ${name}: the space is missing`);
}

/** Where the repository of a space is on this machine; throws `repository-not-found`. */
export function repositoryOf(spaces: Spaces, space: string): string {
  const project = spaces.project(space);
  if (project !== undefined) return project.repository;
  throw new SkeinError('repository-not-found', `Cannot find the repository of space ${space}`);
}
