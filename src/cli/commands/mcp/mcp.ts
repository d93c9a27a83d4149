/** skein mcp: serves one tool, run_python, to a program that speaks the Model Context Protocol. */
import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { softwareVersion } from '#daemon/software.ts';
import { toSkeinError } from '#protocol/errors.ts';
import type { CliCommand } from '../../command.ts';
import { SPEAK_OPTIONS, speak } from '../../messages/speak-as.ts';
import { registerPython } from './run-python.ts';

/** The command. */
export const command: CliCommand = {
  usage: 'mcp [--repo <folder>]',
  summary: 'serve run_python over stdio to an agent that speaks the Model Context Protocol',
  words: [0, 0],
  options: {
    repo: {
      type: 'string',
      value: '<folder>',
      help: 'the repository its tools read and its files come from (default: where it is started)',
    },
    least: {
      type: 'string',
      value: '<strength>',
      help: 'what has to hold a run at least: runtime, kernel, double or machine',
    },
    ...SPEAK_OPTIONS,
  },
  run: async (typed) => {
    const { McpServer } = await import('@modelcontextprotocol/server');
    const { serveStdio, StdioServerTransport } = await import('@modelcontextprotocol/server/stdio');
    const repository = await realpath(resolve(typed.value('repo') ?? '.'));
    const { client } = await speak(typed);
    const [space, least] = [typed.value('space'), typed.value('least')];
    const place = {
      client,
      repository,
      ...(space === undefined ? {} : { space }),
      ...(least === undefined ? {} : { least }),
    };
    const transport = new StdioServerTransport();
    const tell = (error: unknown): void =>
      void process.stderr.write(`${toSkeinError(error).message}\n`);
    // One factory for both eras of the protocol: the first message of the caller says which.
    const server = serveStdio(
      () => {
        const made = new McpServer(
          { name: 'skein', version: softwareVersion() },
          { capabilities: { tools: {} } },
        );
        registerPython(made, place);
        return made;
      },
      { transport, onerror: tell },
    );
    await new Promise<void>((done) => process.stdin.once('close', done).once('end', done));
    await server.close();
    return 0;
  },
};
