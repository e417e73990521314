/** How addresses hold what pages keep in them: as the router does, and as Grafana where it has a name. */

import { defaultParseSearch, defaultStringifySearch } from "@tanstack/react-router";

/** Parameters of which each is a text whatever it looks like: Grafana's, queries and ids. */
const TEXTS = /^(?:var-.*|from|to|refresh|viewPanel|rows|only|order|q|span)$/;

type Search = Record<string, unknown>;

/** Texts are not read as JSON, and stand as often as they have values. */
export function parseSearch(text: string): Search {
  const rest = new URLSearchParams(text);
  const found: Search = {};
  for (const name of new Set(rest.keys())) {
    if (!TEXTS.test(name)) continue;
    const all = rest.getAll(name);
    found[name] = all.length === 1 ? all[0] : all;
    rest.delete(name);
  }
  return { ...defaultParseSearch(`?${rest}`), ...found };
}

export function stringifySearch(search: Search): string {
  const texts = new URLSearchParams();
  const rest: Search = {};
  for (const [name, value] of Object.entries(search)) {
    if (!TEXTS.test(name)) rest[name] = value;
    else for (const one of [value].flat()) if (isPlain(one)) texts.append(name, String(one));
  }
  const both = [defaultStringifySearch(rest).slice(1), texts.toString()].filter(Boolean).join("&");
  return both ? `?${both}` : "";
}

function isPlain(value: unknown): value is string | number | boolean {
  return ["string", "number", "boolean"].includes(typeof value);
}
