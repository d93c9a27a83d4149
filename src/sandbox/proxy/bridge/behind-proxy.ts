/** A jailed command whose only way out is the proxy of its run. */
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PROXY_SOCKET, type JailRequest } from '#sandbox/jail/jail.ts';
import { BRIDGE_PORT, proxyEnvironment } from './proxy-environment.ts';

const BRIDGE = fileURLToPath(new URL('./jail-bridge.mjs', import.meta.url));
const FOLDER = '/opt/skein-bridge';
const NODE = `${FOLDER}/node`;
const SCRIPT = `${FOLDER}/jail-bridge.mjs`;

/**
 * The request with the bridge before its command, and all that the bridge needs. The jail has to have a
 * network namespace of its own with its loopback up, and may not count address space (`memory`), of which
 * Node reserves more than it uses. `node` is the file of a Node that runs on the jail's system libraries.
 */
export function behindProxy(
  request: JailRequest,
  proxySocket: string,
  node: string = process.execPath,
): JailRequest {
  return {
    ...request,
    argv: [NODE, SCRIPT, String(BRIDGE_PORT), PROXY_SOCKET, '--', ...request.argv],
    environment: { ...request.environment, ...proxyEnvironment() },
    mounts: [
      ...request.mounts,
      { source: realpathSync(node), target: NODE, access: 'read' },
      { source: realpathSync(BRIDGE), target: SCRIPT, access: 'read' },
    ],
    memory: request.memory === 'address' ? 'data' : (request.memory ?? 'data'),
    proxySocket,
  };
}
