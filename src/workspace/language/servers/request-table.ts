/**
 * Matches answers to questions for one server process. All open questions fail together when the
 * process ends; the number of questions in flight is bounded, the rest waits in order.
 */
import { SkeinError } from '#protocol/errors.ts';

const IN_FLIGHT_LIMIT = 64;

interface Question {
  readonly id: number;
  readonly ask: () => void;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The open questions of one server. */
export interface RequestTable {
  request(ask: (id: number) => void): Promise<unknown>;
  answer(id: number, result: unknown): void;
  refuse(id: number, message: string): void;
  failAll(error: SkeinError): void;
}

/** An empty table; ids start at 1. */
export function createRequestTable(): RequestTable {
  const open = new Map<number, Question>();
  const waiting: Question[] = [];
  let lastId = 0;
  let ended: SkeinError | undefined;
  const next = (): void => {
    while (open.size < IN_FLIGHT_LIMIT) {
      const question = waiting.shift();
      if (!question) return;
      open.set(question.id, question);
      question.ask();
    }
  };
  const settle = (id: number, act: (question: Question) => void): void => {
    const question = open.get(id);
    if (!question) return;
    open.delete(id);
    act(question);
    next();
  };
  return {
    request: (ask) =>
      new Promise((resolve, reject) => {
        if (ended) return reject(ended);
        const id = (lastId += 1);
        waiting.push({ id, ask: () => ask(id), resolve, reject });
        next();
      }),
    answer: (id, result) => settle(id, (question) => question.resolve(result)),
    refuse: (id, message) => settle(id, (question) => question.reject(toRefusal(message))),
    failAll: (error) => {
      ended = error;
      for (const question of [...open.values(), ...waiting.splice(0)]) question.reject(error);
      open.clear();
    },
  };
}

/** The server is alive and says no: its first line says why, the rest is a stack of its own. */
const toRefusal = (message: string): SkeinError =>
  new SkeinError('language-server-failed', message.split('\n')[0] ?? 'no reason given', {
    fix: 'Run it again; if it stays, the code may be too deep for the compiler',
    details: { message: message.slice(0, 2_000) },
  });
