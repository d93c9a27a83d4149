/**
 * The two shell scripts of a jail. The outer one joins the control group, the inner one sets the limits
 * of a process and waits until Skein says go: both have to happen in the process that becomes the next.
 */
import { SkeinError } from '#protocol/errors.ts';
import type { JailRequest } from '#sandbox/jail/jail.ts';

/** The descriptors that bubblewrap and the scripts start with. dash knows only those of one digit. */
export const DESCRIPTOR = {
  /** What bubblewrap says: the process id of the jail, its errors. */
  report: 3,
  /** `ready` from the jail, `go` to it. */
  control: 4,
  launch: 5,
  /** The program's stderr, while 2 is bubblewrap's. */
  savedStderr: 6,
  options: 7,
  passwd: 8,
  /** At its end, when Skein is dead, a watcher kills what belongs to the jail. */
  life: 9,
  group: 10,
  hosts: 11,
  seccomp: 12,
} as const;

/** What the jail says when its walls stand and its program has not begun. */
export const READY = 'ready';

/** The word it then waits for. At the end of the stream, when Skein is dead, it ends instead. */
export const GO = 'go\n';

/** Exit code of a jail that ended before its program began. */
const NOT_BEGUN = 125;

/**
 * What V8 reserves as data and never uses (its code range), measured; a limit on data below it lets
 * no program of V8 begin.
 */
const RESERVED_BYTES = 512 * 1024 * 1024;

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * The outer script: joins the groups, leaves a watcher behind and becomes bubblewrap. Without the watcher,
 * the first process of a jail would wait for ever if Skein died just when bubblewrap has made it: nothing
 * binds it to anybody's life yet, but it is in the process group. `lastLine` starts bubblewrap.
 */
export function outerScript(joinFiles: readonly string[], lastLine: string): string {
  const joins = joinFiles.map((file) => `echo $$ > ${quote(file)} || exit ${NOT_BEGUN}\n`);
  const { report, control, savedStderr, life } = DESCRIPTOR;
  return [
    `exec ${savedStderr}>&2 2>&${report}\n`,
    ...joins,
    `{ exec <&- >&- 2>&- ${control}>&- ${savedStderr}>&-; read -r _ <&${life}; kill -KILL 0; } &\n`,
    'unset PWD OLDPWD SHLVL\n',
    lastLine,
  ].join('');
}

/** The line that becomes bubblewrap. */
export const bubblewrapLine = (bubblewrap: string): string => {
  const { options, launch, life } = DESCRIPTOR;
  return `exec ${quote(bubblewrap)} --args ${options} -- /bin/sh /dev/fd/${launch} ${life}<&-\n`;
};

/**
 * The same where mode and times of the devices can't be changed. A jail that root starts is their owner,
 * and those in it are the ones of the host; bubblewrap takes over that a mount is to be read only, and
 * devices are written all the same. `ignored` are streams that Skein has opened on the host's.
 */
export function behindSealedDevices(line: string, ignored: readonly (0 | 1 | 2)[]): string {
  const inner = [
    `mount -o remount,bind,ro /dev || exit ${NOT_BEGUN}\n`,
    ...ignored.map(
      (stream) => `exec ${stream === 2 ? DESCRIPTOR.savedStderr : stream}<>/dev/null\n`,
    ),
    'unset PWD OLDPWD SHLVL\n',
    line,
  ].join('');
  return `exec unshare --mount --propagation private /bin/sh -c ${quote(inner)}\n`;
}

/**
 * The inner script. The program's environment is set by the last `exec` alone: a variable such as
 * LD_PRELOAD would else run code in the shell, before the limits. Argument 0 that can't be found or run
 * ends it with 127 or 126 and a line on stderr, as a shell does.
 */
export function innerScript(request: JailRequest): string {
  const { control, report, savedStderr, launch } = DESCRIPTOR;
  const environment = Object.entries(request.environment).map(([name, value]) => {
    checkVariable(name, value);
    return quote(`${name}=${value}`);
  });
  const argv = checkArguments(request.argv).map(quote);
  return [
    ...limitLines(request).map((line) => `${line} || exit ${NOT_BEGUN}\n`),
    `echo ${READY} >&${control}\n`,
    `read -r go <&${control} || exit ${NOT_BEGUN}\n`,
    `exec 2>&${savedStderr} ${report}>&- ${control}>&- ${savedStderr}>&- ${launch}<&-\n`,
    `exec /usr/bin/env -i ${[...environment, ...argv].join(' ')}\n`,
  ].join('');
}

function limitLines(request: JailRequest): string[] {
  const { limits, memory = 'data' } = request;
  const kilobytes = (bytes: number): number => Math.ceil(bytes / 1024);
  return [
    'ulimit -c 0',
    // Soft and hard are one: the kernel kills at the second, a program can't catch it.
    `ulimit -t ${Math.max(1, Math.ceil(limits.cpuMs / 1000))}`,
    // In blocks of 512 bytes, as POSIX has it.
    `ulimit -f ${Math.ceil(limits.fileBytes / 512)}`,
    `ulimit -n ${limits.openFiles}`,
    // `-u` is bash, `-p` is dash.
    `{ ulimit -u ${limits.processes} 2>/dev/null || ulimit -p ${limits.processes}; }`,
    ...(memory === 'address' ? [`ulimit -v ${kilobytes(limits.memoryBytes)}`] : []),
    ...(memory === 'data' ? [`ulimit -d ${kilobytes(limits.memoryBytes + RESERVED_BYTES)}`] : []),
  ];
}

function checkVariable(name: string, value: string): void {
  if (name !== '' && !/[=\0]/.test(name) && !name.startsWith('-') && !value.includes('\0')) return;
  throw new SkeinError('usage', `Cannot set the variable ${JSON.stringify(name)}: no such name`, {
    fix: 'Give names without "=" and NUL that begin with no dash, and values without NUL',
  });
}

function checkArguments(argv: readonly string[]): readonly string[] {
  const name = argv[0] ?? '';
  if (name !== '' && !name.includes('=') && argv.every((each) => !each.includes('\0'))) return argv;
  throw new SkeinError('usage', `Cannot run ${JSON.stringify(name)}: it can be no program's name`, {
    fix: 'Name a program without "=", and give arguments without NUL',
  });
}
