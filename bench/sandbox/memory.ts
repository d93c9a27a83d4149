/** What a small program holds in each tier at its peak, as its result says, and what a process holds that waits. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { openCommands } from '#sandbox/command/open-commands.ts';
import { findRuntimeFiles } from '#sandbox/deno/runtime/runtime-files.ts';
import { openQuickjs } from '#sandbox/quickjs/open-quickjs.ts';
import type { Language, SandboxRequest } from '#sandbox/sandbox.ts';
import { assertSound } from '../support/bench-space.ts';
import type { Finding } from '../report.ts';
import { runPlain } from './plain-program.ts';
import { notMeasured, type Absent, type Setting } from './setting.ts';
import { code, runSound, untilPooled, withDeno, type Runner } from './timed-run.ts';

const MEGABYTE = 2 ** 20;

/** What a tier's figure counts: they can't be compared with each other. */
const COUNTED = {
  T0: 'of its virtual machine',
  T1: 'of its process',
  'T1+': 'of its control group, without what others have loaded',
  T2: 'of its control group, without what others have loaded',
} as const;

type TierName = keyof typeof COUNTED;

/** The part. */
export async function measureMemory(setting: Setting): Promise<Finding[]> {
  const { folder, jail } = setting;
  const cacheFolder = join(folder, 'deno');
  const native = await nativePeaks(setting);
  const measureTier =
    (name: TierName, ...languages: readonly Language[]) =>
    async (tier: Runner): Promise<Finding[]> => {
      const findings: Finding[] = [];
      for (const each of languages) {
        const small = { name, what: each, request: code(each, '1 + 1'), peer: native[each] };
        findings.push(await measurePeak(tier, small));
      }
      return findings;
    };
  const quickjs = await openQuickjs({ cacheFolder: join(folder, 'quickjs'), pool: 0 });
  return [
    ...(await measureTier('T0', 'javascript')(quickjs).finally(quickjs.close)),
    ...rowsOf(
      'T1: memory',
      await withDeno({ cacheFolder, pool: 0 }, measureTier('T1', 'javascript', 'python')),
    ),
    ...rowsOf(
      'T1+: memory',
      'problem' in jail
        ? jail
        : await withDeno(
            { cacheFolder, jail, pool: 0 },
            measureTier('T1+', 'javascript', 'python'),
          ),
    ),
    await measureCommand(setting),
    ...rowsOf('T1: memory of a waiting process', await measureWaiting(cacheFolder)),
  ];
}

const rowsOf = (work: string, found: Finding[] | Absent): Finding[] =>
  'problem' in found ? [notMeasured(work, found)] : found;

/** What runs where, and what the same holds without us. */
interface Small {
  readonly name: TierName;
  readonly what: string;
  readonly request: SandboxRequest;
  readonly peer?: string | undefined;
}

async function measurePeak(tier: Runner, { name, what, request, peer }: Small): Promise<Finding> {
  const { peakBytes } = await runSound(tier, request);
  const work = `${name}: ${what}, peak memory of a small program, ${COUNTED[name]}`;
  if (peakBytes === null) return notMeasured(work, { problem: 'nothing measures it here' });
  return { work, figure: megabytes(peakBytes), ...(peer === undefined ? {} : { peer }) };
}

const megabytes = (bytes: number): string =>
  `${(bytes / MEGABYTE).toFixed(bytes < 10 * MEGABYTE ? 1 : 0)} MB`;

async function measureCommand({ folder, jail }: Setting): Promise<Finding> {
  if ('problem' in jail) return notMeasured('T2: memory of true', jail);
  const places = { folder: join(folder, 'runs'), searchPath: '/usr/bin:/bin', forbidden: [] };
  const tier = openCommands({ jail, tier: 'T2', ...places });
  const program = { type: 'command', argv: ['true'] } as const;
  return measurePeak(tier, { name: 'T2', what: 'true', request: { program } });
}

/** Of a program's own memory: what rusage says contains that of the process it was forked from. */
const SELF = '/proc/self/status';

/** What the same programs hold without us, where that can be seen. */
async function nativePeaks({ python }: Setting): Promise<Partial<Record<Language, string>>> {
  if (process.platform !== 'linux') return {};
  const peak = async (name: string, ...argv: readonly string[]): Promise<string> => {
    const { output } = await runPlain(argv);
    return `${name}, its process: ${megabytes(statusOf(output, 'VmHWM') * 1_024)}`;
  };
  const script = `process.stdout.write(require('fs').readFileSync('${SELF}'))`;
  return {
    javascript: await peak('node -e', process.execPath, '-e', script),
    ...(typeof python === 'string'
      ? { python: await peak('python3 -c', python, '-c', `print(open('${SELF}').read())`) }
      : {}),
  };
}

async function measureWaiting(cacheFolder: string): Promise<Finding[] | Absent> {
  const files = findRuntimeFiles();
  if ('problem' in files) return files;
  if (process.platform !== 'linux') return { problem: 'there is no /proc here' };
  return withDeno({ cacheFolder, pool: 1 }, async (tier) => {
    await tier.prepare();
    await untilPooled(tier);
    const [pid, ...others] = childrenOf(process.pid, files.deno);
    assertSound(pid !== undefined && others.length === 0, 'the waiting process was not found');
    const read = (file: string, name: string): string =>
      megabytes(statusOf(readFileSync(`/proc/${pid}/${file}`, 'latin1'), name) * 1_024);
    return [
      {
        work: 'T1: memory of a Python process that waits',
        figure: read('status', 'VmRSS'),
        peer: `of it written, so its own: ${read('smaps_rollup', 'Private_Dirty')}`,
      },
    ];
  });
}

const childrenOf = (parent: number, program: string): readonly string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, 'latin1');
        return statusOf(status, 'PPid') === parent && readlinkSync(`/proc/${pid}/exe`) === program;
      } catch {
        // It has ended meanwhile.
        return false;
      }
    });

/** The number after a name in what the kernel says: kilobytes, where it is a size. */
function statusOf(text: string, name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1];
  assertSound(found !== undefined, `the kernel does not tell ${name}`);
  return Number(found);
}
