/** Which Landlock this kernel has, asked in a process of its own: Skein itself loads no `node:ffi`. */
import { spawnSync } from 'node:child_process';

const LIMIT_MS = 20_000;

// landlock_create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION)
const QUESTION = `
const { dlopen } = await import('node:ffi');
const all = ['i64', 'i64', 'i64', 'i64'];
const { functions } = dlopen(null, { syscall: { arguments: all, return: 'i64' } });
console.log(String(functions.syscall(444n, 0n, 0n, 1n)));
`;

/** The version of its interface, from 1 up; or what is missing. */
export function landlockVersion(): number | { readonly problem: string } {
  const options = ['--disable-warning=ExperimentalWarning', '--input-type=module'];
  const asked = spawnSync(process.execPath, [...options, '--eval', QUESTION], {
    env: {},
    encoding: 'utf8',
    timeout: LIMIT_MS,
  });
  if (asked.status !== 0) return { problem: 'This Node has no node:ffi, it needs 26.1 or later' };
  const version = Number(asked.stdout);
  return version >= 1 ? version : { problem: 'The kernel has no Landlock, or it is switched off' };
}
