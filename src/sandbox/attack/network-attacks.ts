/** Attacks over the network: to reach anything of the host, which would notice. */
import { javascript, makeAttacks, python, shell } from './make-attack.ts';

/** All attacks over the network. */
export const networkAttacks = makeAttacks('network', [
  {
    name: 'tcp',
    python: ({ tcpPort }) =>
      python(
        `import socket\nsocket.create_connection(("127.0.0.1", ${tcpPort}), 3)`,
        `import urllib.request\nurllib.request.urlopen("http://127.0.0.1:${tcpPort}/", timeout=3)`,
      ),
    javascript: ({ tcpPort }) =>
      javascript(
        `await fetch("http://127.0.0.1:${tcpPort}/")`,
        `await globalThis.Deno.connect({ hostname: "127.0.0.1", port: ${tcpPort} })`,
        `await new Promise((done, fail) => { import("node:net").then((n) => n.connect(${tcpPort}, "127.0.0.1", done).on("error", fail), fail) })`,
      ),
    shell: ({ tcpPort }) =>
      shell(
        `curl -sm3 http://127.0.0.1:${tcpPort}/ || wget -qT3 -t1 -O- http://127.0.0.1:${tcpPort}/`,
        `bash -c 'exec 3<>/dev/tcp/127.0.0.1/${tcpPort}'`,
      ),
  },
  {
    name: 'web-sockets',
    tiers: ['T1', 'T1+'],
    javascript: ({ tcpPort }) =>
      javascript(
        `await new Promise((done) => { const s = new WebSocket("ws://127.0.0.1:${tcpPort}/"); s.onerror = done; s.onopen = done; })`,
        `await new Promise((done) => { const s = new EventSource("http://127.0.0.1:${tcpPort}/"); s.onerror = done; s.onopen = done; })`,
        `const h = (await import("node:http2")).connect("http://127.0.0.1:${tcpPort}"); await new Promise((done) => h.on("error", done).on("close", done).on("connect", done))`,
        'globalThis.Deno.exit(0)',
      ),
  },
  {
    name: 'udp',
    python: ({ udpPort }) =>
      python(
        `import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", ${udpPort}))`,
      ),
    javascript: ({ udpPort }) =>
      javascript(
        `const s = globalThis.Deno.listenDatagram({ port: 0, transport: "udp", hostname: "127.0.0.1" }); await s.send(new Uint8Array([1]), { transport: "udp", hostname: "127.0.0.1", port: ${udpPort} })`,
        `await new Promise((done, fail) => { import("node:dgram").then((d) => d.createSocket("udp4").on("error", fail).send("x", ${udpPort}, "127.0.0.1", done), fail) })`,
      ),
    shell: ({ udpPort }) => shell(`bash -c 'echo x > /dev/udp/127.0.0.1/${udpPort}'`),
  },
  {
    name: 'unix-socket',
    python: ({ socketPath }) =>
      python(`import socket\nsocket.socket(socket.AF_UNIX).connect("${socketPath}")`),
    javascript: ({ socketPath }) =>
      javascript(
        `await globalThis.Deno.connect({ transport: "unix", path: "${socketPath}" })`,
        `await new Promise((done, fail) => { import("node:net").then((n) => n.connect("${socketPath}", done).on("error", fail), fail) })`,
      ),
  },
  {
    name: 'abstract-socket',
    python: ({ abstractName }) =>
      python(`import socket\nsocket.socket(socket.AF_UNIX).connect("\\0${abstractName}")`),
  },
  {
    name: 'remote-import',
    tiers: ['T1', 'T1+'],
    javascript: ({ tcpPort }) =>
      javascript(
        `await import("http://127.0.0.1:${tcpPort}/x.js")`,
        `await import("npm:left-pad")`,
        `new Worker("http://127.0.0.1:${tcpPort}/x.js", { type: "module" })`,
      ),
  },
]);
