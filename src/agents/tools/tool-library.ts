/**
 * The library of tools that a program in the sandbox finds as `tools`: it searches for what it needs
 * and calls it by name, so that nobody has to be told of all of them. Answers are short, with a
 * handle to the rest.
 */
import { z } from 'zod';
import { nearWords } from '#lib/near-words.ts';
import { SkeinError, toSkeinError } from '#protocol/errors.ts';
import type { CallTool } from '#sandbox/sandbox.ts';
import type { KeptOutputs } from './kept-outputs.ts';
import { messageTools } from './message-tools.ts';
import { recordTools } from './record-tools.ts';
import { repositoryTools } from './repository-tools.ts';
import type { Tool, ToolHost } from './tool.ts';

/** All tools, by name. */
export const TOOLS: readonly Tool[] = [...repositoryTools, ...recordTools, ...messageTools];

/** Who calls, and what the call works with. */
export interface ToolCalls {
  readonly host: ToolHost;
  readonly owner: string;
  readonly isPerson: boolean;
  readonly outputs: KeptOutputs;
}

/** A tool as a search shows it; `input` is a JSON Schema. */
export interface FoundTool {
  readonly name: string;
  readonly summary: string;
  readonly input: unknown;
}

/** Answers of at most this many characters are given whole. */
const WHOLE = 4_000;

/** How a longer one begins. */
const BEGINNING = 3_000;

const READ_OUTPUT = 'read_output';
const SEARCH = 'tools.search';

const readOutput = z.strictObject({
  handle: z.string().max(80),
  from: z.int().min(0).exactOptional(),
});
const searching = z.strictObject({ query: z.string().max(500) });

/** What `tools.call` and `tools.search` of a program reach. */
export const makeCallTool =
  (calls: ToolCalls): CallTool =>
  async (name, args) => {
    try {
      return await answer(calls, name, args);
    } catch (thrown) {
      // A program sees the message of an error and nothing else of it.
      const { name: error, message, fix } = toSkeinError(thrown);
      throw new SkeinError(error, fix === undefined ? message : `${message}\n${fix}`);
    }
  };

async function answer(calls: ToolCalls, name: string, args: unknown): Promise<unknown> {
  const { outputs, owner, host } = calls;
  if (name === SEARCH) return searchTools(read(SEARCH, searching, args).query, calls.isPerson);
  if (name === READ_OUTPUT) {
    const { handle, from = 0 } = read(READ_OUTPUT, readOutput, args);
    return outputs.read(owner, handle, from);
  }
  const tool = findTool(name, calls.isPerson);
  const whole = await tool.run(read(name, tool.input, args), host);
  return shortened(whole, (text) => outputs.keep(owner, text));
}

/** The tools whose name or summary has a word of `query`; all of them when none has. */
export function searchTools(query: string, isPerson: boolean): readonly FoundTool[] {
  const words = query
    .toLowerCase()
    .split(/[^a-z0-9]+/u)
    .filter((word) => word.length > 2);
  const open = TOOLS.filter(({ forPeople }) => isPerson || !forPeople);
  const hits = (tool: Tool): number => {
    const text = `${tool.name} ${tool.summary}`.toLowerCase();
    return words.filter((word) => text.includes(word)).length;
  };
  const found = open
    .map((tool) => ({ tool, count: hits(tool) }))
    .filter(({ count }) => count > 0)
    .toSorted((a, b) => b.count - a.count)
    .map(({ tool }) => tool);
  return (found.length === 0 ? open : found).map(({ name, summary, input }) => ({
    name,
    summary,
    input: z.toJSONSchema(input),
  }));
}

function findTool(name: string, isPerson: boolean): Tool {
  const tool = TOOLS.find((each) => each.name === name);
  if (tool === undefined) {
    const names = [...TOOLS.map((each) => each.name), READ_OUTPUT];
    const near = nearWords(name.slice(0, 80), names);
    throw new SkeinError('tool-unknown', `Cannot call ${name.slice(0, 80)}: no tool is so named`, {
      fix:
        near.length > 0
          ? `Did you mean ${near.join(' or ')}?`
          : `Tools are ${names.join(', ')}; see tools.search("").`,
    });
  }
  if (isPerson || !tool.forPeople) return tool;
  throw new SkeinError('unauthorized', `Cannot call ${name}: only people see the record`);
}

function read<T>(name: string, schema: z.ZodType<T>, args: unknown): T {
  const parsed = schema.safeParse(args ?? {});
  if (parsed.success) return parsed.data;
  throw new SkeinError('usage', `Cannot call ${name}: ${z.prettifyError(parsed.error)}`, {
    fix: `Its arguments: ${JSON.stringify(z.toJSONSchema(schema)['properties'])}`,
  });
}

function shortened(given: unknown, keep: (text: string) => string): unknown {
  const isText = typeof given === 'string';
  const text = isText ? given : JSON.stringify(given);
  if (text.length <= WHOLE) return given;
  const beginning = text.slice(0, BEGINNING);
  const handle = keep(text);
  return {
    cut: true,
    form: isText ? 'text' : 'json',
    text: beginning,
    total: text.length,
    handle,
    more: `tools.call("${READ_OUTPUT}", {"handle": "${handle}", "from": ${beginning.length}})`,
  };
}
