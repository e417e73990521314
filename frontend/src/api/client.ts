/** How the console asks the service: typed by its OpenAPI document, traced, with an end. */

import createClient from "openapi-fetch";

import { ApiError, problemOf, Unreachable } from "./problem";
import { reportAnswer, reportSilence } from "./reachability";
import type { paths } from "./schema";
import { traced } from "./trace";

export const TIMEOUT_MS = 30_000;
/** Statuses that a proxy gives in place of a service that is down. */
const GATEWAY = [502, 504];

/** `fetch` for all requests of the console. Throws Unreachable when no answer comes. */
export async function tracedFetch(request: Request): Promise<Response> {
  const { traceparent, end } = traced();
  const headers = new Headers(request.headers);
  headers.set("traceparent", traceparent);
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    const answer = await fetch(new Request(request, { headers, signal }));
    if (GATEWAY.includes(answer.status) && !isProblem(answer)) reportSilence();
    else reportAnswer();
    return answer;
  } catch (error) {
    if (request.signal.aborted) throw error;
    reportSilence();
    const late = error instanceof DOMException && error.name === "TimeoutError";
    const what = late ? `No answer within ${TIMEOUT_MS / 1000} s` : "The service does not answer";
    throw new Unreachable(what);
  } finally {
    end();
  }
}

function isProblem(answer: Response): boolean {
  return answer.headers.get("content-type")?.startsWith("application/problem+json") ?? false;
}

export const api = createClient<paths>({ baseUrl: globalThis.location.origin, fetch: tracedFetch });

interface Answered<T> {
  data?: T | undefined;
  error?: unknown;
  response: Response;
}

function pathOf(response: Response): string {
  return URL.parse(response.url)?.pathname ?? "the service";
}

/** The content of an answer. Throws ApiError for one that is none. */
export async function content<T>(answer: Promise<Answered<T>>): Promise<T> {
  const { data, error, response } = await answer;
  if (!response.ok) {
    throw new ApiError(problemOf(error, response.status, pathOf(response)));
  }
  return data as T;
}
