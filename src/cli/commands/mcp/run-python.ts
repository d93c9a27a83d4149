/** The one tool of `skein mcp`: Python in the sandbox, with Skein's own tools as a library inside. */
import type { CallToolResult, McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { RunLine } from '#api/sandbox-door.ts';
import { fromErrorBody, SkeinError, toSkeinError } from '#protocol/errors.ts';
import { CODE_LIMITS, limitsOf } from '#sandbox/limits.ts';
import { splitAtZero } from '#workspace/git/tracked-files.ts';
import { runGit } from '#workspace/git/run-git.ts';
import type { NodeClient } from '../../node-client.ts';
import { givenFiles, type GivenFile } from '#cli/commands/sandbox/given-files.ts';
import { typedLimits } from '#cli/commands/sandbox/typed-limits.ts';
import { resultText } from './result-text.ts';

/** Where runs go, and what they get. */
export interface PythonPlace {
  readonly client: NodeClient;
  readonly repository: string;
  readonly space?: string;
  readonly least?: string;
}

const DESCRIPTION = `Runs a Python program in Skein's sandbox: no network, no access to this machine, files are copies.
Inside it there is a library of tools:
  import tools
  tools.search("missions")     # tools for a purpose: name, summary, JSON Schema of the arguments; "" for all
  tools.call("search_code", {"pattern": "def main"})   # by name; answers plain data
They search and read the repository, read the record of missions (missions, log, why, diff) and talk to
other agents (send, inbox). None changes a file. A long answer is cut and has a handle:
  tools.call("read_output", {"handle": h, "from": 0})
Do the work in one program: call tools in loops, keep what is long in variables, print only the answer.
The value of the last expression is told as well. Nothing stays from one run to the next. Changed files are told as a
diff and applied by nobody.`;

const input = z.object({
  code: z.string().min(1).max(500_000).describe('the program'),
  files: z
    .array(z.string().min(1).max(1_000))
    .max(50)
    .optional()
    .describe('globs of files of the repository that it gets as copies, such as src/**/*.py'),
  limits: z.array(z.string().max(60)).max(14).optional().describe('such as wall=5s, memory=256mb'),
});

/** Gives a server the tool. */
export function registerPython(server: McpServer, place: PythonPlace): void {
  const config = { title: 'Run Python in a sandbox', description: DESCRIPTION, inputSchema: input };
  server.registerTool('run_python', config, async (asked, { mcpReq }): Promise<CallToolResult> => {
    try {
      return await run(place, asked, mcpReq.signal);
    } catch (thrown) {
      const { name, message, fix } = toSkeinError(thrown);
      const text = `${message} (${name})${fix === undefined ? '' : `\n${fix}`}`;
      return { content: [{ type: 'text', text }], isError: true };
    }
  });
}

async function run(
  { client, repository, space, least }: PythonPlace,
  { code, files: globs = [], limits: words = [] }: z.infer<typeof input>,
  signal: AbortSignal,
): Promise<CallToolResult> {
  const limits = typedLimits(words);
  const files = await openFiles(repository, globs, limitsOf(CODE_LIMITS, limits));
  const body = {
    program: { type: 'code', language: 'python', source: code },
    tools: { repository },
    ...(files.length === 0 ? {} : { files }),
    ...(words.length === 0 ? {} : { limits }),
    ...(space === undefined ? {} : { space }),
    ...(least === undefined ? {} : { least }),
  };
  for await (const text of client.lines('/v1/sandbox/runs', signal, body)) {
    const line = JSON.parse(text) as RunLine;
    if (line.type === 'failed') throw fromErrorBody(line.error);
    if (line.type !== 'finished') continue;
    const isError = line.result.status !== 'ok';
    return { content: [{ type: 'text', text: resultText(line) }], ...(isError ? { isError } : {}) };
  }
  throw new SkeinError('interrupted', 'Cannot tell what came of it: the run was ended');
}

/** Files that git knows or would take: what it ignores (secrets, caches) nobody may have by a glob. */
async function openFiles(
  root: string,
  globs: readonly string[],
  limits: Parameters<typeof givenFiles>[2],
): Promise<readonly GivenFile[]> {
  if (globs.length === 0) return [];
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const listed = splitAtZero((await runGit({ cwd: root, args })).stdout);
  const known = new Set(listed.map((name) => name.toString('utf8')));
  return givenFiles(root, globs, limits, (path) => known.has(path));
}
