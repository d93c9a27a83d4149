/** `skein send` is typed by scripts, all day: what it loads is counted, as that needs no clock. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { told } from '../support/run-skein.ts';
import { openBusHome, type BusHome } from './bus-home.ts';

const RECORDER = `
import { registerHooks } from 'node:module';
const urls = [];
registerHooks({ load: (url, context, next) => { urls.push(url); return next(url, context); } });
process.on('exit', () => process.stderr.write(JSON.stringify(urls)));
`;

describe('what skein send loads when the node is up', () => {
  let home: BusHome;
  before(async () => {
    home = openBusHome();
    await home.ok('agents', 'add', 'bot');
  });

  async function loadedBy(...args: readonly string[]): Promise<readonly string[]> {
    const recorder = `data:text/javascript,${encodeURIComponent(RECORDER)}`;
    const env = { NODE_OPTIONS: `--import "${recorder}"` };
    const ended = await home.start(args, { env }).ended;
    assert.equal(ended.code, 0, told(ended));
    return JSON.parse(ended.stderr.slice(ended.stderr.indexOf('['))) as string[];
  }

  it('is few modules of ours, no package, and nothing of Node that is slow to load', async () => {
    const urls = await loadedBy('send', 'bot', 'hello', '--json');
    const ours = urls.filter((url) => url.includes('/src/'));
    assert.ok(ours.some((url) => url.endsWith('src/cli/commands/bus/send.ts')));
    assert.ok(ours.length <= 20, `it loads ${ours.join(', ')}`);
    assert.deepEqual(
      urls.filter((url) => /node_modules|^node:(?:http|crypto|util|child_process)$/u.test(url)),
      [],
    );
  });

  it('is seen: of a command that loads something slow it is told', async () => {
    const urls = await loadedBy('doctor');
    assert.ok(urls.some((url) => url.endsWith('src/cli/commands/node/doctor.ts')));
    assert.ok(urls.includes('node:child_process'), urls.join(' '));
  });
});
