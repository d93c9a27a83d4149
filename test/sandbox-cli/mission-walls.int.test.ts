/** What a mission's plan says of its walls is what its programs get, or nothing is run. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openJail } from '#sandbox/jail/open-jail.ts';
import { CHECK, greeterRepository, RENAME } from '../support/line-repository.ts';
import { openHome, told, WITHOUT_WALLS, type SkeinHome } from '../support/run-skein.ts';

const { jail, reports } = await openJail();
const skip =
  jail === null ? `no jail holds here: ${reports[0]?.problem}. ${reports[0]?.fix}` : false;

const missionOf = (top: string, ...more: readonly string[]): readonly string[] => [
  'run',
  RENAME,
  '--repo',
  top,
  '--check',
  CHECK,
  ...more,
];

interface Logged {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

async function eventsOf(skein: SkeinHome, type: string): Promise<readonly Logged[]> {
  const { stdout } = await skein.run('log', '--json');
  const all = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Logged);
  return all.filter((event) => event.type === type);
}

describe('a mission where a jail holds', { skip, concurrency: 2 }, () => {
  it('names it in its plan, and puts it on the record of each check', async () => {
    const skein = openHome();
    const { top } = greeterRepository();
    const done = await skein.run(...missionOf(top, '--yes'));
    assert.equal(done.code, 0, told(done));
    const [plan] = await eventsOf(skein, 'plan.proposed');
    assert.match(String(plan?.data['isolation']), /^T2 \(/u);
    const checks = await eventsOf(skein, 'check.done');
    assert.equal(checks.length, 2);
    for (const { data } of checks) {
      const enclosure = data['enclosure'] as { tier: string; walls: readonly string[] };
      assert.equal(enclosure.tier, 'T2');
      assert.ok(enclosure.walls.includes('no-network'));
    }
  });

  it('is not carried out without it once it was approved with it', async () => {
    const skein = openHome();
    const { top } = greeterRepository();
    const planned = await skein.run(...missionOf(top));
    assert.equal(planned.code, 8, told(planned));
    assert.equal((await skein.run('down')).code, 0);
    const env = WITHOUT_WALLS;
    const left = await skein.start(['approve'], { env }).ended;
    assert.equal(left.code, 5, told(left));
    assert.match(left.stderr, /sandbox-unavailable/u);
    assert.match(left.stderr, /approved with T2/u);
    assert.deepEqual(await eventsOf(skein, 'check.done'), []);
  });

  it('reaches no host but those of skein.yaml, and its requests are on the record', async () => {
    const skein = openHome();
    const ask = (host: string): string =>
      `fetch('http://${host}/').then((answer) => console.log('${host}', answer.status))`;
    const script = `await Promise.all([${ask('listed.example')}, ${ask('other.example')}]);`;
    const { top } = greeterRepository({
      'ask.mjs': script,
      'skein.yaml': 'sandbox:\n  network: [listed.example]\nchecks:\n  - node ask.mjs || true\n',
    });
    const done = await skein.run('run', RENAME, '--repo', top, '--yes');
    assert.equal(done.code, 0, told(done));
    const [check] = await eventsOf(skein, 'check.done');
    const asked = check?.data['network'] as readonly { host: string; verdict: string }[];
    const verdicts = asked.map(({ host, verdict }) => `${host} ${verdict}`).toSorted();
    // No name server knows a name below `example` (RFC 2606): the way is open, and leads nowhere.
    assert.deepEqual(verdicts, ['listed.example failed', 'other.example refused']);
  });
});

describe('a mission where none holds', { concurrency: 2 }, () => {
  it('says so in its plan', async () => {
    const skein = openHome(WITHOUT_WALLS);
    const { top } = greeterRepository();
    const done = await skein.run(...missionOf(top, '--yes'));
    assert.equal(done.code, 0, told(done));
    assert.match(done.stderr + done.stdout, /isolation: none/u);
    const [check] = await eventsOf(skein, 'check.done');
    assert.equal(check?.data['enclosure'], undefined);
  });

  it('is refused where skein.yaml asks for one, before anything is run', async () => {
    const skein = openHome(WITHOUT_WALLS);
    const { top } = greeterRepository({ 'skein.yaml': 'sandbox:\n  least: kernel\n' });
    const refused = await skein.run(...missionOf(top, '--yes'));
    assert.equal(refused.code, 5, told(refused));
    assert.match(refused.stderr, /skein\.yaml asks for a jail/u);
    assert.deepEqual(await eventsOf(skein, 'check.done'), []);
  });
});
