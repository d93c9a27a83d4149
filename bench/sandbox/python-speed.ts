/** How much slower Pyodide computes than native Python: both run one program that takes its own times. */
import { join } from 'node:path';
import { assertSound } from '../support/bench-space.ts';
import { atMost, duration, scaled, type BenchOptions, type Finding } from '../report.ts';
import { median } from '../rounds.ts';
import { runPlain } from './plain-program.ts';
import { notMeasured, type Setting } from './setting.ts';
import { code, runSound, withDeno } from './timed-run.ts';

const ROUNDS = 3;
const GOAL = 4;
/** Processors have instructions for it, which WebAssembly has not: nothing is promised. */
const UNPROMISED = 'SHA-256 of 4 MB at once';

/** Prints milliseconds by name as JSON. Each work takes some tens of them natively. */
const PROGRAM = `
import hashlib, json, time

def loop():
    total = 0
    for n in range(1_000_000):
        total = (total + n * 3) % 1000003
    return total

def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

def dictionary():
    counts = {}
    for n in range(300_000):
        key = "k" + str(n % 5000)
        counts[key] = counts.get(key, 0) + n
    return len(counts)

def there_and_back():
    rows = [{"n": n, "s": "x" + str(n), "l": [n, n + 1]} for n in range(30_000)]
    return len(json.loads(json.dumps(rows)))

def short_digests():
    return [hashlib.sha256(b"text %d" % n).hexdigest() for n in range(30_000)][-1]

def long_digest():
    return hashlib.sha256(b"0123456789abcdef" * 262_144).hexdigest()

works = {
    "a loop of sums": loop,
    "fib(25)": lambda: fib(25),
    "a dict": dictionary,
    "JSON, there and back": there_and_back,
    "SHA-256 of short texts": short_digests,
    "${UNPROMISED}": long_digest,
}
took = {}
for name, work in works.items():
    began = time.perf_counter()
    work()
    took[name] = (time.perf_counter() - began) * 1000
print(json.dumps(took))
`;

type Took = Readonly<Record<string, number>>;

/** The part. */
export async function measurePython(
  { folder, python }: Setting,
  options: BenchOptions,
): Promise<Finding[]> {
  const work = 'T1: Python beside native Python, at work';
  if (typeof python !== 'string') return [notMeasured(work, python)];
  const rounds = scaled(options, ROUNDS, 2);
  const measured = await withDeno({ cacheFolder: join(folder, 'deno'), pool: 0 }, async (tier) => {
    const [ours, native]: [Took[], Took[]] = [[], []];
    // A round that does not count, then turns: each run is a process of its own, as it always is.
    for (let round = 0; round <= rounds; round += 1) {
      const held = JSON.parse((await runSound(tier, code('python', PROGRAM))).stdout.text) as Took;
      const plain = JSON.parse((await runPlain([python, '-c', PROGRAM])).output) as Took;
      if (round === 0) continue;
      ours.push(held);
      native.push(plain);
    }
    return explain(ours, native);
  });
  return 'problem' in measured ? [notMeasured(work, measured)] : measured;
}

function explain(ours: readonly Took[], native: readonly Took[]): Finding[] {
  const names = Object.keys(ours[0] ?? {});
  assertSound(names.includes(UNPROMISED), 'a program did not tell its times');
  return names.map((name) => {
    const held = median(ours.map((took) => took[name] ?? Number.NaN));
    const plain = median(native.map((took) => took[name] ?? Number.NaN));
    return {
      work: `T1: Python at work: ${name}`,
      figure: duration(held),
      peer: `native python3: ${duration(plain)}`,
      ratio: held / plain,
      ...(name === UNPROMISED ? {} : { goal: atMost(held / plain, GOAL, `${GOAL}`) }),
    };
  });
}
