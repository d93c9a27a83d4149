/**
 * A strict reader of the Prometheus text format 0.0.4, written from its description and not from our
 * writer: what it can't read is an error, and so is a histogram whose buckets don't add up.
 */
import assert from 'node:assert/strict';

/** One line of values. */
export interface ReadSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A page as it was read. */
export interface ReadPage {
  readonly types: ReadonlyMap<string, string>;
  readonly helps: ReadonlyMap<string, string>;
  readonly samples: readonly ReadSample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*/;

/** Reads a page; throws at the first line that is not of the format. */
export function parseMetrics(text: string): ReadPage {
  assert.ok(text.endsWith('\n'), 'the last line must end with a line feed');
  const types = new Map<string, string>();
  const helps = new Map<string, string>();
  const samples: ReadSample[] = [];
  for (const line of text.slice(0, -1).split('\n')) {
    const [, word = '', name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (word === '') samples.push(readSample(line));
    else {
      const table = word === 'HELP' ? helps : types;
      assert.ok(!table.has(name), `second ${word} of ${name}`);
      table.set(name, word === 'HELP' ? unescape(rest, 'n\\') : rest);
      if (word === 'TYPE') assert.match(rest, /^(counter|gauge|histogram)$/);
    }
  }
  const seen = samples.map(({ name, labels }) =>
    JSON.stringify([name, Object.entries(labels).sort()]),
  );
  assert.equal(new Set(seen).size, seen.length, 'a series is told twice');
  for (const { name } of samples)
    assert.ok(types.has(familyOf(name, types)), `${name} has no type`);
  for (const [name, type] of types) if (type === 'histogram') checkHistogram(name, samples);
  return { types, helps, samples };
}

/** The metric that a line belongs to. */
export function familyOf(name: string, types: ReadonlyMap<string, string>): string {
  const base = name.replace(/_(bucket|sum|count)$/, '');
  return types.get(base) === 'histogram' ? base : name;
}

function readSample(line: string): ReadSample {
  const name = NAME.exec(line)?.[0] ?? '';
  assert.notEqual(name, '', `no name: ${line}`);
  let rest = line.slice(name.length);
  const labels: Record<string, string> = {};
  if (rest.startsWith('{')) {
    rest = rest.slice(1);
    while (!rest.startsWith('}')) {
      const label = LABEL.exec(rest)?.[0] ?? '';
      assert.ok(label !== '' && !(label in labels), `bad label: ${line}`);
      rest = rest.slice(label.length);
      const quoted = /^="((?:[^"\\]|\\.)*)"/.exec(rest);
      assert.ok(quoted, `bad value of ${label}: ${line}`);
      labels[label] = unescape(quoted[1] ?? '', 'n\\"');
      rest = rest.slice(quoted[0].length);
      if (rest.startsWith(',')) rest = rest.slice(1);
      else assert.ok(rest.startsWith('}'), `no comma: ${line}`);
    }
    rest = rest.slice(1);
  }
  assert.match(rest, /^ (-?\d+(\.\d+)?(e[+-]\d+)?)$/, `bad value: ${line}`);
  return { name, labels, value: Number(rest) };
}

function unescape(text: string, known: string): string {
  return text.replaceAll(/\\(.)?/g, (whole, character: string | undefined) => {
    assert.ok(character !== undefined && known.includes(character), `unknown escape ${whole}`);
    return character === 'n' ? '\n' : character;
  });
}

function checkHistogram(name: string, samples: readonly ReadSample[]): void {
  const buckets = samples.filter((each) => each.name === `${name}_bucket`);
  const bySeries = Map.groupBy(buckets, ({ labels: { le: _le, ...labels } }) =>
    JSON.stringify(labels),
  );
  for (const [labels, series] of bySeries) {
    const bounds = series.map(({ labels: { le = '' } }) => (le === '+Inf' ? Infinity : Number(le)));
    const isAscending = bounds.every(
      (bound, index) => index === 0 || bound > (bounds[index - 1] ?? 0),
    );
    assert.ok(isAscending && bounds.at(-1) === Infinity, `bounds of ${name}: ${bounds.join()}`);
    const counts = series.map(({ value }) => value);
    const grows = counts.every((count, index) => index === 0 || count >= (counts[index - 1] ?? 0));
    assert.ok(grows, `counts of ${name}${labels} go down`);
    const same = (each: ReadSample, end: string): boolean =>
      each.name === name + end && JSON.stringify(each.labels) === labels;
    assert.equal(samples.find((each) => same(each, '_count'))?.value, counts.at(-1));
    assert.ok(
      samples.some((each) => same(each, '_sum')),
      `${name} has no sum`,
    );
  }
}
