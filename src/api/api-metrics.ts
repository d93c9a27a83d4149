/** How the API is measured, and what it needs to show what was measured. */
import type { Context, Next } from 'hono';
import { routePath } from 'hono/route';
import type { Variables } from './variables.ts';

/** A request that was answered; `route` is its pattern, never what somebody wrote into it. */
export interface AnsweredRequest {
  readonly method: string;
  readonly route: string;
  readonly status: number;
}

/** The metrics of the node behind the API. */
export interface ApiMetrics {
  /** Called when a request begins; the answer is called when it has been answered. */
  readonly began: () => (request: AnsweredRequest) => void;
  /** The page for who sends this Accept header. */
  readonly page: (accept: string) => Promise<MetricsPage>;
}

/** What a scrape gets. */
export interface MetricsPage {
  readonly contentType: string;
  readonly text: string;
}

/** Measures every request, those as well that are refused before they come to their route. */
export async function measureRequest(
  metrics: ApiMetrics | undefined,
  context: Context<Variables>,
  next: Next,
): Promise<void> {
  const answered = metrics?.began();
  await next();
  if (answered === undefined) return;
  const pattern = routePath(context, -1);
  const route = pattern.includes('*') ? 'other' : pattern;
  answered({ method: context.req.method, route, status: context.res.status });
}
