/**
 * What a program finds in its virtual machine beside the language, written in its own JavaScript and run
 * before it. `write(descriptor, text)` is the only thing that leads outside.
 */

/** How deep a value is frozen by following properties; `files` and `input` from JSON are shallower. */
export const PRELUDE = `((write, world, names, contents) => {
  'use strict';
  const { stringify, parse } = JSON;
  const { freeze, defineProperty } = Object;
  const text = String;
  const describe = (error) => {
    if (!(error instanceof Error)) return 'Uncaught ' + show(error);
    const stack = error.stack;
    const head = error.name + ': ' + error.message;
    return typeof stack === 'string' && stack !== '' ? head + '\\n' + stack : head;
  };
  const show = (value) => {
    if (typeof value === 'string') return value;
    if (typeof value !== 'object' || value === null) return text(value);
    if (value instanceof Error) return describe(value);
    try {
      return stringify(value) ?? text(value);
    } catch {
      return text(value);
    }
  };
  const line = (descriptor) => (...values) => {
    let shown = '';
    for (let at = 0; at < values.length; at += 1) shown += (at === 0 ? '' : ' ') + show(values[at]);
    write(descriptor, shown + '\\n');
  };
  const [out, err] = [line(1), line(2)];
  const { input, args } = parse(world);
  const files = { __proto__: null };
  for (let at = 0; at < names.length; at += 1) {
    defineProperty(files, names[at], { value: contents[at], enumerable: true });
  }
  const add = (name, value) => {
    defineProperty(globalThis, name, { value, writable: true, configurable: true });
  };
  add('console', { log: out, info: out, debug: out, warn: err, error: err });
  add('print', out);
  add('input', input);
  add('args', freeze(args));
  add('files', freeze(files));
  return [describe, stringify];
})`;
