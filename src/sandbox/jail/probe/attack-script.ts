/**
 * The attempts to get out, as the programs that make them. Each says `tried <name>` when it was really
 * made, for an attempt that nobody made proves nothing, and `done <name>` where only it can see that it
 * got through. The rest is seen from outside.
 */

/** What the attempts aim at. */
export interface Aims {
  /** A file outside with a secret, and one that is not there yet. */
  readonly canaryFile: string;
  readonly newFile: string;
  /** A host process that has the secret in its environment, and may be killed. */
  readonly victimPid: number;
  readonly port: number;
  readonly unixSocket: string;
  /** Without the NUL before it. */
  readonly abstractSocket: string;
  /** A word by which a process that was left behind is known. */
  readonly mark: string;
  /** The size of the shared memory of the jail. */
  readonly sharedBytes: number;
  /** Node, as the jail sees it. */
  readonly node: string;
}

/** All attempts, in the order in which they are made. */
export const ATTACKS = [
  'read-file-outside',
  'read-shadow',
  'write-file-outside',
  'read-environment',
  'signal-host',
  'fill-shared-memory',
  'write-root',
  'kernel-settings',
  'nest-namespaces',
  'mount',
  'leave-daemon',
  'connect-tcp',
  'connect-unix',
  'connect-abstract',
] as const;

/** The name of an attempt. */
export type Attack = (typeof ATTACKS)[number];

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** The program for `sh -c`; its working folder has to be writable. */
export const attackScript = (aims: Aims): string => `
exec 2>&1
tried() { echo "tried $1"; }
cat ${quote(aims.canaryFile)}; tried read-file-outside
wc -c < /etc/shadow > shadow && [ "$(cat shadow)" -gt 0 ] && echo done read-shadow; tried read-shadow
(echo out > ${quote(aims.newFile)}); tried write-file-outside
cat /proc/1/environ /proc/$PPID/environ /proc/${aims.victimPid}/environ /proc/[0-9]*/environ | tr '\\0' '\\n'
tried read-environment
kill -9 ${aims.victimPid}; tried signal-host
shm=/dev/shm/${aims.mark}
(head -c ${aims.sharedBytes * 2} /dev/zero > $shm)
[ -e $shm ] && [ "$(wc -c < $shm)" -gt ${aims.sharedBytes} ] && echo done fill-shared-memory
rm -f $shm; tried fill-shared-memory
for folder in / /dev /etc /run /usr /var; do
  (echo out > "$folder/${aims.mark}") && rm -f "$folder/${aims.mark}" && echo done write-root
done; tried write-root
(exec 3>> /proc/sys/kernel/core_pattern) && echo done kernel-settings; tried kernel-settings
if command -v unshare; then
  unshare -U true && echo done nest-namespaces; unshare -m true && echo done nest-namespaces
  tried nest-namespaces
fi
if command -v mount; then
  mkdir -p place; mount -t tmpfs none place && echo done mount && umount place; tried mount
fi
(setsid sh -c 'echo > up; sleep 600; :' ${aims.mark} < /dev/null > /dev/null 2>&1 &)
turns=0; while [ ! -e up ] && [ $turns -lt 200 ]; do sleep 0.01; turns=$((turns + 1)); done
[ -e up ] && tried leave-daemon
OPENSSL_CONF=/dev/null exec ${quote(aims.node)} --eval "$1"
`;

/** The program for Node: connects to all at once, and says for each that it has tried. */
export const connectScript = (aims: Aims): string => `
const net = require('node:net');
const aims = ${JSON.stringify([
  ['connect-tcp', { host: '127.0.0.1', port: aims.port }],
  ['connect-unix', { path: aims.unixSocket }],
  ['connect-abstract', { path: `\0${aims.abstractSocket}` }],
])};
const one = ([name, aim]) => new Promise((resolve) => {
  const end = () => { console.log('tried ' + name); resolve(); };
  try {
    const socket = net.connect(aim, () => socket.end(end));
    socket.on('error', end);
    socket.setTimeout(500, end);
  } catch { end(); }
});
Promise.all(aims.map(one)).then(() => setImmediate(() => process.exit(0)));
`;
