/** After a real mission the metrics say what the record says, also after a restart, and no names. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, it } from 'node:test';
import { homePaths } from '#daemon/home/home-paths.ts';
import { CHECK, greeterRepository, linkCompilers, RENAME } from '../support/line-repository.ts';
import { openHome, told, type SkeinHome } from '../support/run-skein.ts';
import { parseMetrics, type ReadSample } from './parse-metrics.ts';
import { ask, valueOf } from './running-node.ts';

interface Entity {
  readonly body: { readonly status: string };
}

interface Source {
  readonly get: (path: string) => Promise<string>;
  readonly token: string;
}

function sourceOf({ home, person }: SkeinHome): Source {
  const { socket, personToken } = homePaths(home, { XDG_RUNTIME_DIR: person });
  const token = readFileSync(personToken, 'utf8').trim();
  const headers = { authorization: `Bearer ${token}` };
  return { token, get: async (path) => (await ask(socket, path, headers)).body };
}

/** Holds the metrics against the lists of all entities. */
async function assertAgree({ get }: Source): Promise<readonly ReadSample[]> {
  const { samples } = parseMetrics(await get('/metrics'));
  for (const kind of ['mission', 'task']) {
    const { entities } = JSON.parse(await get(`/v1/entities/${kind}`)) as { entities: Entity[] };
    assert.ok(entities.length > 0, kind);
    const shown = samples.filter(({ name, value }) => name === `skein_${kind}s` && value > 0);
    const counted = Object.fromEntries(shown.map(({ labels, value }) => [labels['status'], value]));
    const listed = Object.groupBy(entities, ({ body }) => body.status);
    const wanted = Object.entries(listed).map(([status, all = []]) => [status, all.length]);
    assert.deepEqual(counted, Object.fromEntries(wanted), kind);
  }
  return samples;
}

describe('the metrics of a node that has done a mission', () => {
  it('agree with the record, before and after a restart, and name nobody', async () => {
    const repository = greeterRepository();
    linkCompilers(repository);
    const skein = openHome();
    const ended = await skein.run(
      'run',
      RENAME,
      '--repo',
      repository.top,
      '--check',
      CHECK,
      '--yes',
    );
    assert.equal(ended.code, 0, told(ended));
    const source = sourceOf(skein);
    const samples = await assertAgree(source);
    assert.equal(valueOf(samples, 'skein_missions', { status: 'done' }), 1);
    assert.equal(valueOf(samples, 'skein_leases_held'), 0);
    const status = JSON.parse(await source.get('/v1/status')) as {
      spaces: { space: string; events: number; commits: number }[];
    };
    const [space = { space: '', events: 0, commits: 0 }] = status.spaces;
    const labels = { space: space.space.slice(0, 8) };
    assert.equal(valueOf(samples, 'skein_events_total', labels), space.events);
    assert.equal(valueOf(samples, 'skein_commits_total', labels), space.commits);
    const events = await source.get(`/v1/events?space=${space.space}`);
    const checks = events.split('\n').filter((line) => line.includes('"type":"check.done"'));
    assert.ok(checks.length > 0);
    assert.equal(valueOf(samples, 'skein_checks_total', { outcome: 'passed' }), checks.length);
    const page = await source.get('/metrics');
    for (const secret of [
      source.token,
      space.space,
      repository.top,
      basename(repository.top),
      'greet',
      skein.home,
    ])
      assert.ok(!page.includes(secret), secret);
    await assertAfterRestart(skein, source, space.space);
  });
});

/** A node that has only just begun knows of no check, and of all missions once their space is open. */
async function assertAfterRestart(skein: SkeinHome, source: Source, space: string): Promise<void> {
  await skein.run('down');
  await skein.run('up');
  await source.get(`/v1/events?space=${space}`);
  const samples = await assertAgree(source);
  assert.equal(valueOf(samples, 'skein_checks_total', { outcome: 'passed' }), 0);
  assert.ok((valueOf(samples, 'skein_events_total') ?? 0) > 10);
  const judged = spawnSync('promtool', ['check', 'metrics'], {
    input: await source.get('/metrics'),
    encoding: 'utf8',
  });
  // Without promtool the strict reader of these tests has read it.
  if (judged.error === undefined) assert.equal(judged.status, 0, judged.stdout + judged.stderr);
}
