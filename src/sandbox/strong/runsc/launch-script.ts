/**
 * The shell script that becomes a guest. Its bundle, its root and the state of gVisor lie in a file system
 * in memory that only its own mount namespace sees: when its processes are dead, nothing of it is left.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { Mount } from '#sandbox/jail/jail.ts';
import type { Link } from '#sandbox/jail/toolchain/system-mounts.ts';
import { GUEST_HOST } from './guest-spec.ts';
import type { GuestUser } from './guest-spec.ts';

/** The descriptors that the script starts with; of one digit, as dash wants them. */
export const DESCRIPTOR = {
  /** What the script and gVisor have to say, beside the program's own output. */
  report: 3,
  /** At its end, when Skein is dead, a watcher kills all. */
  life: 4,
  config: 5,
} as const;

/** What is said when nothing is left but to start gVisor. */
export const LAUNCHING = 'launching';

/** Exit code of a script that did not come to start gVisor. */
export const NOT_BEGUN = 125;

/** For the bundle, the empty root and the state, all together well below a megabyte. */
const PRIVATE_BYTES = 16 * 1024 * 1024;

/** What one guest is launched with. */
export interface Launch {
  readonly runsc: string;
  /** More options of `runsc`, before its command. */
  readonly options: readonly string[];
  /** An empty folder of its own, to be mounted upon. */
  readonly folder: string;
  readonly joinFiles: readonly string[];
  readonly mounts: readonly Mount[];
  readonly links: readonly Link[];
  readonly user: GuestUser;
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** The script for `sh -c`: joins the groups, leaves a watcher behind, and launches in a namespace. */
export function launchScript(launch: Launch): string {
  const { report, life, config } = DESCRIPTOR;
  const joins = launch.joinFiles.map((file) => `echo $$ > ${quote(file)} || exit ${NOT_BEGUN}\n`);
  return [
    ...joins,
    // Without job control a shell gives its background nothing to read from, but keeps the rest open.
    `{ exec <&- >&- 2>&- ${report}>&- ${config}<&-; read -r _ <&${life}; kill -KILL 0; } &\n`,
    `exec unshare --mount --propagation private /bin/sh -c ${quote(namespaceScript(launch))}\n`,
  ].join('');
}

function namespaceScript({ folder, mounts, links, user, runsc, options }: Launch): string {
  const { report, life, config } = DESCRIPTOR;
  const points = mounts.map(({ source, target }) => ({ target, isFolder: isFolder(source) }));
  const folders = points.flatMap(({ target, isFolder: is }) => [
    is ? target : path.dirname(target),
  ]);
  const files = points.filter((point) => !point.isFolder).map(({ target }) => target);
  const place = quote(folder);
  const own = (name: string, text: string): string => `printf %s ${quote(text)} > root/etc/${name}`;
  const command = [runsc, `--root=${folder}/state`, `--log=${folder}/log`, ...options];
  return [
    `exec 6>&2 2>&${report}\n`,
    [
      `mount -t tmpfs -o size=${PRIVATE_BYTES},mode=700 skein ${place}`,
      `cd ${place}`,
      `mkdir -p ${['/proc', '/sys', '/dev', '/tmp', '/etc', '/run', ...folders].map(inRoot).join(' ')}`,
      ...files.map((target) => `: > ${inRoot(target)}`),
      // After the folders: else a link could lead a folder out of here. One in its place is refused.
      ...links.map((link) => `ln -sT ${quote(link.target)} ${inRoot(link.path)}`),
      own('passwd', `guest:x:${user.uid}:${user.gid}:guest:/tmp:/bin/sh\n`),
      own('group', `guest:x:${user.gid}:\n`),
      own('hosts', `127.0.0.1 localhost ${GUEST_HOST}\n::1 localhost\n`),
      `cat <&${config} > config.json`,
    ].join(' &&\n'),
    ` || exit ${NOT_BEGUN}\n`,
    `echo ${LAUNCHING} >&${report}\n`,
    `${command.map(quote).join(' ')} run --bundle ${place} guest `,
    `2>&6 6>&- ${report}>&- ${life}<&- ${config}<&-\n`,
    `code=$?\ncat log >&${report}\nexit $code\n`,
  ].join('');
}

const inRoot = (target: string): string => quote(path.posix.join('root', target));

/** What is not there is taken for a folder: gVisor tells of it better. */
const isFolder = (source: string): boolean =>
  fs.statSync(source, { throwIfNoEntry: false })?.isDirectory() ?? true;
