/** The two pages at their addresses, without the rest of the console. */

import { vi } from "vitest";

import { noRetries, routed } from "../../testing/routed";
import DataPage from "./DataPage";
import { readDataSearch, readTicksSearch } from "./search";
import TicksPage from "./TicksPage";

export function open(address: string, client = noRetries()) {
  const places = [
    { path: "/data", component: DataPage, validateSearch: readDataSearch },
    { path: "/data/ticks", component: TicksPage, validateSearch: readTicksSearch },
  ];
  return routed(address, places, client);
}

type Answer = Response | (() => Response | Promise<Response>);

/** Answers by the beginning of the path; gives the requests that came. */
export function service(answers: Record<string, Answer>): Request[] {
  const came: Request[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    came.push(request.clone());
    const { pathname } = new URL(request.url);
    const found = Object.entries(answers).find(([path]) => pathname.startsWith(path));
    const answer = found?.[1] ?? Response.json([]);
    return typeof answer === "function" ? answer() : answer.clone();
  });
  return came;
}

/** Nothing is laid out here: tables believe that they are this large. */
export function laidOut(): void {
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(600);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(1_200);
}
