/** Checks a request before anything is started for it, and sends it to a runtime. */
import { SkeinError } from '#protocol/errors.ts';
import type { Limits } from '#sandbox/limits.ts';
import { checkInput } from '#sandbox/run/check-input.ts';
import type { Program, SandboxRequest } from '#sandbox/sandbox.ts';
import type { DenoChild } from '../runtime/deno-child.ts';
import { FRAME, encodeFile, encodeFrame, encodeJson } from '../driver/frames.ts';
import type { Order } from '../driver/frames.ts';
import { countingOf } from './counting.ts';

/** A request that a language runtime can take. */
export interface CodeRequest extends SandboxRequest {
  readonly program: Extract<Program, { type: 'code' }>;
}

/** The request, when it can be run here; throws `usage`, `path-refused`, `limit-reached`, `sandbox-unavailable`. */
export function checkRequest(request: SandboxRequest, limits: Limits): CodeRequest {
  const { program, network } = request;
  if (program.type !== 'code') {
    throw new SkeinError('usage', 'Cannot run a command in a language runtime: give it to a jail');
  }
  if (network !== undefined) throw noNetwork();
  countingOf(program.language, limits, request.deterministic);
  checkInput(request, limits);
  return { ...request, program };
}

/** What a request with a network is told. */
export const noNetwork = (): SkeinError =>
  new SkeinError('sandbox-unavailable', 'Cannot run with a network: this tier has none', {
    fix: 'Run it without network, or as a command in a jail (tier T2).',
  });

/** Sends it all; the program begins when the last of it has arrived. */
export function sendRun(
  child: DenoChild,
  request: CodeRequest,
  limits: Limits,
  isSession: boolean,
): void {
  const { program, files = [], stdin, environment = {}, deterministic } = request;
  const order: Order = {
    language: program.language,
    source: program.source,
    args: program.args ?? [],
    environment,
    deterministic: deterministic ?? null,
    hasTools: request.callTool !== undefined,
    isSession,
    memoryBytes: limits.memoryBytes,
    fuel: limits.fuel,
    fileBytes: limits.fileBytes,
    outBytes: limits.outBytes,
    outFiles: limits.outFiles,
    wallMs: limits.wallMs,
  };
  child.send(encodeJson(FRAME.order, order));
  for (const { path, content } of files) child.send(encodeFile(FRAME.file, path, content));
  if (stdin !== undefined) child.send(encodeFrame(FRAME.stdin, stdin));
  child.send(encodeFrame(FRAME.start));
}
