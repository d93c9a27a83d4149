/** The rules of Landlock for the program, made before it is there. */
import { closeSync, statSync } from 'node:fs';
import { call, fail, must, words } from './calls.ts';
import type { KeeperOrder } from './keeper-order.ts';
import { KERNEL } from './kernel.ts';

/** A set of rules that handles these bits; the number of its descriptor. */
export function makeRules(files: number, network: number, scopes: number): number {
  // An older kernel accepts the longer attributes when what it does not know is zero.
  const attributes = words(files, network, scopes);
  return must('landlock rules', call('syscall', KERNEL.CREATE_RULES, attributes, 24, 0));
}

/** The rules of an order; null for no Landlock. */
export function programRules(order: KeeperOrder): number | null {
  if (order.handled === null) return null;
  const rules = makeRules(...order.handled);
  for (const { path, rights } of order.grants) {
    const opened = call('open', path, KERNEL.OPEN_PATH | KERNEL.CLOSE_ON_EXEC);
    if (opened.value === -1) {
      if (opened.error === KERNEL.ENOENT) continue;
      fail(`open ${path}`, opened.error);
    }
    const isFolder = statSync(path).isDirectory();
    const rule = Buffer.alloc(12);
    rule.writeBigUInt64LE(BigInt(isFolder ? rights.folder : rights.file), 0);
    rule.writeInt32LE(opened.value, 8);
    must(`allow ${path}`, call('syscall', KERNEL.ADD_RULE, rules, KERNEL.PATH_BENEATH, rule, 0));
    closeSync(opened.value);
  }
  return rules;
}
