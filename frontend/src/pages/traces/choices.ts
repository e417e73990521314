/** The choices of each place of a query, from what the trace store knows. */

import type { components } from "../../api/schema";
import type { Choice, Place } from "./completion";

type Scope = components["schemas"]["TagScope"];
type TagValue = components["schemas"]["TagValue"];

const PLAIN = /^[\w.:/-]+$/;
const DURATIONS = ["10ms", "100ms", "1s", "10s", "1m", "10m"];
/** Said of the words of the language. */
const NOTES: Record<string, string> = {
  "{": "spans that …",
  "=~": "matches",
  "!~": "does not match",
  "&&": "and",
  "||": "or",
  "|": "then",
  ">>": "somewhere below it",
  ">": "more; outside of braces: right below it",
  "select(": "show attributes in the results",
  "count() >": "more spans than",
};
const INTRINSIC = "intrinsic";
/** Of a scope, but not asked for by its name. */
const UNNAMED = ["event", "link", "instrumentation"];
const LONG = /duration$/i;

export function nameChoices(scopes: readonly Scope[]): Choice[] {
  const ordered = [...scopes].sort((a, b) => rankOf(a) - rankOf(b));
  return ordered.flatMap(({ name, tags }) =>
    UNNAMED.includes(name)
      ? []
      : tags
          .filter((tag) => name !== INTRINSIC || !tag.includes(":"))
          .map((tag) => ({
            text: name === INTRINSIC ? tag : `${name}.${quoted(tag)}`,
            note: name,
          })),
  );
}

function rankOf({ name }: Scope): number {
  return [INTRINSIC, "span", "resource"].indexOf(name) + 1 || 9;
}

function quoted(tag: string): string {
  return PLAIN.test(tag) ? tag : JSON.stringify(tag);
}

/** Values of an attribute, as they are written in a query. */
export function valueChoices(tag: string, values: readonly TagValue[]): Choice[] {
  if (!values.length && LONG.test(tag)) return DURATIONS.map((text) => ({ text }));
  return values.map(({ type, value }) => ({
    text: type === "string" ? JSON.stringify(value) : value,
    label: value,
    ...(type === "string" ? {} : { note: type }),
  }));
}

export function wordChoices(words: readonly string[]): Choice[] {
  return words.map((text) => ({ text, ...(NOTES[text] ? { note: NOTES[text] } : {}) }));
}

/** What the store is asked for the values of; null where it has none to tell. */
export function askedTag(place: Place | null): string | null {
  return place?.wants.kind === "value" ? place.wants.tag : null;
}
