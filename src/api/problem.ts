/** Errors as HTTP answers: RFC 9457 problem details with Skein's code, retryable and fix. */
import { toErrorBody, toSkeinError } from '#protocol/errors.ts';

/** The answer for anything that was thrown. */
export function problemResponse(thrown: unknown): Response {
  const body = toErrorBody(toSkeinError(thrown));
  return new Response(JSON.stringify(body), {
    status: body.status,
    headers: { 'content-type': 'application/problem+json' },
  });
}
