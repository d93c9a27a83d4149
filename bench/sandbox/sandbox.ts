/** What the sandbox costs: each tier's start, work, files, kill and memory, beside the same without walls. */
import { temporaryFolder } from '../support/bench-space.ts';
import type { Bench, BenchOptions, Finding } from '../report.ts';
import { measureChecks } from './checks.ts';
import { measureStarts } from './code-starts.ts';
import { measureCopyIn } from './copy-in.ts';
import { measureEvaluations } from './evaluations.ts';
import { measureJails } from './jails.ts';
import { measureKills } from './kills.ts';
import { measureMemory } from './memory.ts';
import { measurePython } from './python-speed.ts';
import { findSetting, type Setting } from './setting.ts';

type Part = (setting: Setting, options: BenchOptions) => Promise<Finding[]>;

/** In the order they run: the starts build what makes Python start fast for those after them. */
const PARTS: Readonly<Record<string, Part>> = {
  'T0, QuickJS': measureEvaluations,
  'T1 and T1+, starts': measureStarts,
  'T1, Python at work': measurePython,
  'files in': measureCopyIn,
  'T2, jails': measureJails,
  'checks of missions': measureChecks,
  'kills of programs': measureKills,
  memory: measureMemory,
};

/** The bench. */
export const sandbox: Bench = {
  about: 'programs behind walls beside the same without, per tier',
  run: async (options) => {
    const folder = temporaryFolder();
    try {
      const setting = await findSetting(folder.path);
      const findings: Finding[] = [];
      for (const [name, measure] of Object.entries(PARTS)) {
        const startedMs = performance.now();
        findings.push(...(await measure(setting, options)));
        const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0);
        process.stderr.write(`  ${name}: ${seconds} s\n`);
      }
      return findings;
    } finally {
      folder.dispose();
    }
  },
};
