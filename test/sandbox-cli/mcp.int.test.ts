/** skein mcp as programs use it that speak the Model Context Protocol: the old handshake and the new way. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client, type VersionNegotiationOptions } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { openSandboxHome, whySkipped, type SandboxHome } from './sandbox-home.ts';

const ENTRY = fileURLToPath(new URL('../../bin/skein.js', import.meta.url));

/** What a call of run_python answered. */
interface Answered {
  readonly text: string;
  readonly isError: boolean;
}

type Mode = NonNullable<VersionNegotiationOptions['mode']>;

describe('skein mcp', { skip: whySkipped() }, () => {
  let home: SandboxHome;
  let folder = '';
  before(async () => {
    home = await openSandboxHome();
    folder = join(home.person, 'project');
    mkdirSync(join(folder, 'src'), { recursive: true });
    writeFileSync(
      join(folder, 'src', 'cart.py'),
      'TOTAL = 41\n\n\ndef total():\n    return TOTAL + 1\n',
    );
    writeFileSync(join(folder, '.gitignore'), 'ignored.env\n');
    symlinkSync('/etc/passwd', join(folder, 'src', 'link.py'));
    const git = (...args: readonly string[]): void =>
      void execFileSync('git', args, { cwd: folder, env: { ...process.env, HOME: home.person } });
    git('init', '-q');
    git('add', '.');
    git('commit', '-q', '-m', 'begin');
    writeFileSync(join(folder, 'ignored.env'), 'KEY=hidden-value\n');
    await home.ok('agents', 'add', 'bot');
  });
  after(() => home.node.close());

  async function withClient<T>(
    use: (client: Client) => Promise<T>,
    { mode = 'legacy', args = [] }: { mode?: Mode; args?: readonly string[] } = {},
  ): Promise<T> {
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [ENTRY, 'mcp', '--repo', folder, ...args],
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: home.person,
        SKEIN_HOME: home.home,
        XDG_RUNTIME_DIR: home.person,
      },
      cwd: home.person,
    });
    await client.connect(transport);
    try {
      return await use(client);
    } finally {
      await client.close();
    }
  }

  const call = async (client: Client, input: Record<string, unknown>): Promise<Answered> => {
    const { content, isError } = await client.callTool(
      { name: 'run_python', arguments: input },
      { timeout: 120_000 },
    );
    const [first] = content as readonly { readonly type: string; readonly text: string }[];
    return { text: first?.text ?? '', isError: isError === true };
  };

  const python = (code: string, more: Record<string, unknown> = {}): Promise<Answered> =>
    withClient((client) => call(client, { code, ...more }));

  for (const [mode, era] of [
    ['legacy', 'legacy'],
    ['auto', 'modern'],
  ] as const) {
    it(`offers one tool, and runs Python, in the ${era} era of the protocol`, async () => {
      await withClient(
        async (client) => {
          assert.equal(client.getProtocolEra(), era);
          const { tools } = await client.listTools();
          assert.deepEqual(
            tools.map(({ name }) => name),
            ['run_python'],
          );
          assert.match(tools[0]?.description ?? '', /tools\.search/u);
          const { text, isError } = await call(client, { code: 'print("hello")\n6 * 7' });
          assert.match(text, /^hello\n\nvalue: 42\n\[ok; run [0-9a-f-]+\]$/u);
          assert.equal(isError, false);
        },
        { mode },
      );
    });
  }

  it('lets a program search for tools, call them and read the rest of a long answer', async () => {
    const { text } = await python(`
import tools
print([t["name"] for t in tools.search("files of the repository")])
print(tools.call("search_code", {"pattern": "def total"})["matches"])
print(tools.call("read_file", {"path": "src/cart.py", "from": 1, "lines": 1}))
print(tools.call("missions"))
try:
    tools.call("serch_code", {"pattern": "x"})
except Exception as error:
    print(error)
try:
    tools.call("read_file", {"path": "../outside"})
except Exception as error:
    print("refused")
`);
    assert.match(text, /'read_file'/u);
    assert.match(text, /\['src\/cart.py:4:def total\(\):'\]/u);
    assert.match(text, /^TOTAL = 41$/mu);
    assert.match(text, /^\[\]$/mu);
    assert.match(text, /Did you mean search_code/u);
    assert.match(text, /^refused$/mu);
  });

  it('cuts a long answer and keeps the rest under a handle, for its owner only', async () => {
    writeFileSync(join(folder, 'src', 'long.txt'), 'a line of text\n'.repeat(2_000));
    execFileSync('git', ['add', '.'], { cwd: folder });
    execFileSync('git', ['commit', '-q', '-m', 'long'], {
      cwd: folder,
      env: { ...process.env, HOME: home.person },
    });
    const { text } = await python(`
import tools
first = tools.call("read_file", {"path": "src/long.txt"})
whole, at = first["text"], len(first["text"])
while at is not None:
    part = tools.call("read_output", {"handle": first["handle"], "from": at})
    whole, at = whole + part["text"], part["next"]
print(first["cut"], len(first["text"]) < 4000, whole == "a line of text\\n" * 2000)
print("handle", first["handle"])
`);
    assert.match(text, /^True True True$/mu);
    const handle = /handle (\S+)/u.exec(text)?.[1] ?? '';
    const other = await withClient(
      (client) =>
        call(client, { code: `import tools\ntools.call("read_output", {"handle": "${handle}"})` }),
      { args: ['--as', 'bot'] },
    );
    assert.equal(other.isError, true);
    assert.match(other.text, /Cannot read output/u);
  });

  it('reads as an agent only what an agent may, and talks in its name', async () => {
    const code = `
import tools
print(sorted(t["name"] for t in tools.search("")))
try:
    tools.call("read_file", {"path": "src/cart.py"})
except Exception as error:
    print("refused", "TOTAL" in str(error))
print(tools.call("send", {"to": "bot", "text": "to myself"})["to"])
print([m["text"] for m in tools.call("inbox")["messages"]])
`;
    const { text } = await withClient((client) => call(client, { code }), {
      args: ['--as', 'bot'],
    });
    assert.match(text, /^\['inbox', 'send'\]$/mu);
    assert.match(text, /^refused False$/mu);
    assert.match(text, /^\['to myself'\]$/mu);
  });

  it('gives files that git would take, and no others: nothing ignored, no link', async () => {
    const list =
      'import os\nprint(sorted(os.path.join(d, f) for d, _, fs in os.walk(".") for f in fs))';
    const { text } = await python(list, { files: ['**'] });
    assert.match(text, /src\/cart\.py/u);
    assert.doesNotMatch(text, /ignored\.env|link\.py/u);
    const { text: none, isError } = await python(list, { files: ['ignored.env'] });
    assert.equal(isError, true);
    assert.match(none, /not-found/u);
  });

  it('tells an error, a limit and a change so that an agent can go on', async () => {
    const failed = await python('open("new.txt", "w").write("x\\n")\nraise ValueError("no")');
    assert.equal(failed.isError, true);
    assert.match(failed.text, /ValueError: no/u);
    assert.match(failed.text, /changed \(copies\): new\.txt/u);
    const late = await python('while True: pass', { limits: ['wall=2s'] });
    assert.match(late.text, /\[timeout/u);
  });
});
