import type { components } from "./schema";

/** A problem document (RFC 9457). */
export type Problem = Pick<Whole, "title" | "status" | "detail"> & Partial<Whole>;
type Whole = components["schemas"]["Problem"];

/** The service refused a request, and says why. */
export class ApiError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = "ApiError";
    this.problem = problem;
  }

  get status(): number {
    return this.problem.status;
  }

  /** What is wrong by the name of the field, such as `params.trade_size`. */
  get fields(): Record<string, string> {
    const named = this.problem.errors ?? [];
    if (named.length) return Object.fromEntries(named.map((one) => [one.field, one.detail]));
    return this.problem.field ? { [this.problem.field]: this.problem.detail } : {};
  }
}

/** No answer came: the service is down, the network is, or it took too long. */
export class Unreachable extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Unreachable";
  }
}

/** The problem in an answer; anything else than a problem document becomes one. */
export function problemOf(body: unknown, status: number, path: string): Problem {
  if (isProblem(body)) return body;
  const title = `HTTP ${status}`;
  return { type: "about:blank", title, status, detail: `${title} from ${path}`, instance: path };
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "detail" in body && "status" in body;
}

/** There is none: never was, not yet, or not any more. */
export function isMissing(error: Error | null): boolean {
  return error instanceof ApiError && error.status === 404;
}
