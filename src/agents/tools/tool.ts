/** What a tool is that programs in the sandbox may call, and what it works with. */
import type { z } from 'zod';

/** A mission as the tools list it. */
export interface ListedMission {
  readonly id: string;
  readonly space: string;
  readonly status: string;
  readonly goal: string;
}

/**
 * What tools reach, in the name of who asks; it refuses what that one may not. Nothing in it changes
 * files or answers a plan.
 */
export interface ToolHost {
  /** The folder of the repository; throws `usage` when none was named. */
  readonly repository: () => string;
  /** The mission that `id` or its beginning means. */
  readonly mission: (id: string) => Promise<ListedMission>;
  readonly missions: () => Promise<readonly ListedMission[]>;
  /** The events of a mission as JSON, in order. */
  readonly events: (mission: ListedMission) => Promise<readonly string[]>;
  /** A command of the node. */
  readonly execute: (name: string, input: object, space?: string) => Promise<unknown>;
}

/** A tool. It answers plain JSON or text, whole: what is long is cut later. */
export interface Tool {
  readonly name: string;
  /** One line: what it gives. */
  readonly summary: string;
  readonly input: z.ZodType;
  /** Only people may see the repository and the record. */
  readonly forPeople: boolean;
  readonly run: (input: unknown, host: ToolHost) => Promise<unknown>;
}

/** A tool whose `run` gets what its schema has read. */
export const defineTool = <S extends z.ZodType>(
  tool: Omit<Tool, 'input' | 'run'> & {
    readonly input: S;
    readonly run: (input: z.infer<S>, host: ToolHost) => Promise<unknown>;
  },
): Tool => ({ ...tool, run: (input, host) => tool.run(input as z.infer<S>, host) });
