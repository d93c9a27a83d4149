/**
 * The one error type of Skein and the table of everything that can go wrong. A row fixes the
 * stable code (5001-5999), whether the same call may be tried again, the HTTP status the API
 * answers with and the exit status of the command line. Across processes compare `name` or
 * `code`, never `instanceof`.
 */

interface ErrorRow {
  readonly code: number;
  readonly retryable: boolean;
  readonly status: number;
  readonly exit: number;
}

const row = (code: number, status: number, exit: number, retryable = false): ErrorRow => ({
  code,
  retryable,
  status,
  exit,
});

/** Every error Skein can answer with, by name. Codes are unique and never reused. */
export const ERRORS = {
  // 50xx: how Skein was called
  usage: row(5001, 400, 2),
  'not-found': row(5002, 404, 3),
  'ambiguous-id': row(5003, 400, 2),
  conflict: row(5004, 409, 7),
  'not-implemented': row(5005, 501, 1),
  internal: row(5099, 500, 1),
  // 51xx: the record
  'event-invalid': row(5101, 400, 2),
  'command-unknown': row(5102, 404, 2),
  'command-rejected': row(5103, 409, 7),
  'record-damaged': row(5104, 500, 1),
  'record-busy': row(5105, 503, 75, true),
  'record-too-new': row(5106, 500, 1),
  'subscriber-too-slow': row(5107, 429, 75, true),
  'payload-too-large': row(5108, 413, 2),
  'blob-missing': row(5109, 404, 3),
  'storage-failed': row(5110, 507, 75, true),
  'ledger-closed': row(5111, 503, 75, true),
  'sqlite-too-old': row(5112, 500, 1),
  'storage-unsafe': row(5113, 507, 1),
  'page-refused': row(5114, 409, 1),
  'not-home': row(5115, 409, 7),
  // 52xx: the node and its door
  unauthorized: row(5201, 401, 1),
  'node-unreachable': row(5202, 503, 75, true),
  'node-start-failed': row(5203, 503, 1),
  'home-owned': row(5204, 409, 75, true),
  'key-permissions': row(5205, 500, 1),
  'key-invalid': row(5206, 500, 1),
  'platform-unsupported': row(5207, 500, 1),
  'epoch-fenced': row(5208, 409, 7),
  'not-member': row(5209, 403, 1),
  'invite-invalid': row(5210, 403, 1),
  'peer-refused': row(5211, 403, 1),
  // 53xx: the repository and the workspace
  'repository-not-found': row(5301, 404, 3),
  'repository-unsupported': row(5302, 422, 2),
  'git-missing': row(5303, 500, 1),
  'git-failed': row(5304, 500, 1),
  'base-moved': row(5305, 409, 7),
  'merge-blocked': row(5306, 409, 7),
  'workspace-failed': row(5307, 500, 1),
  'path-refused': row(5308, 422, 5),
  'edit-conflict': row(5309, 409, 7),
  'lease-missing': row(5310, 409, 7),
  'config-invalid': row(5311, 400, 2),
  'identity-missing': row(5312, 400, 2),
  'repository-busy': row(5313, 503, 75, true),
  'path-held': row(5314, 409, 7),
  // 54xx: code intelligence and the rename
  'symbol-not-found': row(5401, 404, 3),
  'symbol-ambiguous': row(5402, 409, 2),
  'rename-refused': row(5403, 422, 5),
  'language-unsupported': row(5404, 422, 2),
  'language-server-failed': row(5405, 500, 75, true),
  'pattern-invalid': row(5406, 400, 2),
  // 55xx: guardrails and checks
  'guardrail-refused': row(5501, 422, 5),
  'check-failed': row(5502, 422, 5),
  'check-unknown': row(5503, 400, 2),
  'review-refused': row(5504, 422, 5),
  'evidence-missing': row(5505, 422, 5),
  // 56xx: missions and plans
  'goal-unknown': row(5601, 400, 2),
  'plan-stale': row(5602, 409, 7),
  'approval-needed': row(5603, 403, 8),
  'mission-failed': row(5604, 500, 1),
  'mission-cancelled': row(5605, 409, 1),
  'effect-unknown': row(5607, 409, 7),
  'limit-reached': row(5608, 422, 1),
  'recipe-invalid': row(5609, 400, 2),
  'agent-lost': row(5610, 500, 1),
  'nothing-to-change': row(5611, 404, 3),
  'replay-differs': row(5612, 409, 1),
  interrupted: row(5606, 503, 130),

  'subject-invalid': row(5701, 400, 2),
  'inbox-full': row(5702, 429, 75, true),
  'request-timeout': row(5703, 504, 75, true),
  'no-responder': row(5704, 503, 75, true),
  'bus-closed': row(5705, 503, 75, true),
  'message-invalid': row(5706, 400, 2),
  'bus-disconnected': row(5707, 503, 75, true),
  'subject-forbidden': row(5708, 403, 1),
  'message-expired': row(5710, 410, 1),
  // 58xx: running programs that nobody trusts
  'sandbox-unavailable': row(5801, 503, 5),
  'sandbox-failed': row(5802, 500, 1),
  'secret-missing': row(5803, 400, 2),
  'tool-unknown': row(5804, 404, 3),
  'sandbox-busy': row(5805, 429, 75, true),
  // 575x: moving in from an old bus
  'import-unreadable': row(5751, 422, 2),
  'import-ambiguous': row(5752, 400, 2),
} as const satisfies Record<string, ErrorRow>;

/** The stable name of an error. */
export type ErrorName = keyof typeof ERRORS;

/** What may be said beside the message; `fix` is what the reader should do next. */
export interface ErrorOptions {
  readonly fix?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** An error as it crosses a process boundary (RFC 9457 problem details, plus code and fix). */
export interface ErrorBody {
  readonly type: string;
  readonly title: ErrorName;
  readonly status: number;
  readonly detail: string;
  readonly code: number;
  readonly retryable: boolean;
  readonly fix?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A failure with a stable code. Its message has the form "Cannot <action>: <state>". */
export class SkeinError extends Error {
  override readonly name: ErrorName;
  readonly code: number;
  readonly retryable: boolean;
  readonly fix: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(name: ErrorName, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = name;
    this.code = ERRORS[name].code;
    this.retryable = ERRORS[name].retryable;
    this.fix = options.fix;
    this.details = options.details;
  }
}

/** Whether `value` is an error name of this table (used on what other processes say). */
export const isErrorName = (value: unknown): value is ErrorName =>
  typeof value === 'string' && Object.hasOwn(ERRORS, value);

/** Any thrown value as a SkeinError; what was not one becomes `internal` with its cause kept. */
export function toSkeinError(thrown: unknown): SkeinError {
  if (thrown instanceof SkeinError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new SkeinError('internal', `Cannot continue: ${message}`, { cause: thrown });
}

/** The form in which an error leaves the process. */
export function toErrorBody(error: SkeinError): ErrorBody {
  return {
    type: 'about:blank',
    title: error.name,
    status: ERRORS[error.name].status,
    detail: error.message,
    code: error.code,
    retryable: error.retryable,
    ...(error.fix === undefined ? {} : { fix: error.fix }),
    ...(error.details === undefined ? {} : { details: error.details }),
  };
}

/** The error another process sent, as one of ours. */
export function fromErrorBody(body: unknown): SkeinError {
  const data = (typeof body === 'object' && body !== null ? body : {}) as Partial<ErrorBody>;
  const name = isErrorName(data.title) ? data.title : 'internal';
  return new SkeinError(name, data.detail ?? 'Cannot read the answer: it has no detail', {
    ...(data.fix === undefined ? {} : { fix: data.fix }),
    ...(data.details === undefined ? {} : { details: data.details }),
  });
}
