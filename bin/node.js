#!/usr/bin/env node
// `node bin/node.js <arguments of node>` runs them with Node 26, whatever Node the system has; for
// the scripts of package.json. npm 10 (the one that comes with Node 20) does not link the packaged
// Node into node_modules/.bin; npm 11 and 12 do. Programs that a script starts find it first too.
import path from 'node:path';
import process from 'node:process';
import { NODE_FIX, findPackagedNode, runNode } from './packaged-node.js';

const isCurrent = Number.parseInt(process.versions.node, 10) >= 26;
const node = isCurrent ? process.execPath : findPackagedNode();
if (node === undefined) {
  process.stderr.write(`Cannot run with Node ${process.versions.node}: it is too old\n`);
  process.stderr.write(`fix: ${NODE_FIX}\n`);
  process.exitCode = 1;
} else {
  const PATH = [path.dirname(node), process.env.PATH].join(path.delimiter);
  runNode(node, process.argv.slice(2), { ...process.env, PATH });
}
