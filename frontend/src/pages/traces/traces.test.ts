import { expect, it } from "vitest";

import { parseSearch, stringifySearch } from "../../lib/search";
import { nameChoices, valueChoices } from "./choices";
import { completed, matchingChoices, placeAt } from "./completion";
import { readFound, sortedFound, troubleOf } from "./found";
import { readTracesSearch } from "./search";

/** What may come at `|` in a query. */
function at(text: string) {
  const caret = text.indexOf("¦");
  const query = text.replace("¦", "");
  const place = placeAt(query, caret);
  return place && { ...place, query };
}

it.each([
  ["¦", "word", ""],
  ["{ ¦", "name", ""],
  ["{ span.nau¦", "name", "span.nau"],
  ["{ name = ¦", "value", ""],
  ['{ name = "back¦', "value", "back"],
  ['{ name = "back¦" }', "value", "back"],
  ["{ status = er¦", "value", "er"],
  ["{ name ¦", "word", ""],
  ['{ name = "x" ¦', "word", ""],
  ['{ name = "x" && ¦', "name", ""],
  ['{ name = "x" && (¦', "name", ""],
  ["{ !¦", "name", ""],
  ["{ duration > 1s ¦", "word", ""],
  ["{ } ¦", "word", ""],
  ["{ } | ¦", "word", ""],
  ["{ } | sel¦", "word", "sel"],
  ["{ } | select(¦", "name", ""],
  ["{ } | select(name, span.¦", "name", "span."],
  ["{ } && ¦", "word", ""],
] as const)("knows at %s that a %s may come", (text, kind, begun) => {
  const place = at(text);
  expect([place?.wants.kind, place?.begun]).toEqual([kind, begun]);
});

it("knows whose values are asked for", () => {
  expect(at('{ span.nautilus.window="1¦')?.wants).toEqual({
    kind: "value",
    tag: "span.nautilus.window",
  });
});

it.each(['{ name = "x"¦', "{ duration > 10¦", "{ duration > 10ms¦ }"])(
  "offers nothing at the end of what is whole: %s",
  (text) => {
    expect(at(text)).toBeNull();
  },
);

function complete(text: string, choice: string): string {
  const place = at(text);
  if (!place) throw new Error("no place");
  const [query, caret] = completed(place.query, place, { text: choice });
  return `${query.slice(0, caret)}¦${query.slice(caret)}`;
}

it.each([
  ["{¦", "name", "{ name ¦"],
  ["{ span.nau¦", "span.nautilus.window", "{ span.nautilus.window ¦"],
  ["{ span.na¦tilus.x = 1 }", "span.nautilus.window", "{ span.nautilus.window ¦= 1 }"],
  ['{ name = "ba¦', '"backtest run"', '{ name = "backtest run" ¦'],
  ['{ name = "ba¦ck" }', '"backtest run"', '{ name = "backtest run" ¦}'],
  ['{ name = "x"¦', "", null],
  ["{ } | sel¦", "select(", "{ } | select(¦"],
  ["{ } ¦", "|", "{ } | ¦"],
] as const)("completes %s by %s", (text, choice, whole) => {
  if (whole === null) expect(at(text)).toBeNull();
  else expect(complete(text, choice)).toBe(whole);
});

it("offers what begins with it first, then what has it after a dot", () => {
  const all = ["span.nautilus.window", "window", "rootWindow", "span.x"].map((text) => ({ text }));
  const found = matchingChoices(all, "wind").map(({ text }) => text);
  expect(found).toEqual(["window", "span.nautilus.window", "rootWindow"]);
  expect(matchingChoices(all, "span.x")).toEqual([]);
});

it("names attributes by their scope, quoted where they must be", () => {
  const scopes = [
    { name: "resource", tags: ["service.name"] },
    { name: "intrinsic", tags: ["duration", "span:duration"] },
    { name: "span", tags: ["my key"] },
    { name: "event", tags: ["name"] },
  ];
  expect(nameChoices(scopes).map(({ text }) => text)).toEqual([
    "duration",
    'span."my key"',
    "resource.service.name",
  ]);
});

it("writes values as the language has them", () => {
  const values = [
    { type: "string", value: 'a "b"' },
    { type: "int", value: "7" },
    { type: "keyword", value: "error" },
  ];
  expect(valueChoices("x", values).map(({ text }) => text)).toEqual(['"a \\"b\\""', "7", "error"]);
  expect(valueChoices("duration", []).map(({ text }) => text)).toContain("100ms");
});

const RAW = {
  traceID: "abc",
  rootServiceName: "nautilus",
  rootTraceName: "POST /x",
  startTimeUnixNano: "1795977243167675046",
  durationMs: 1_500,
  spanSets: [
    {
      matched: 4,
      spans: [
        {
          spanID: "1",
          name: "engine run",
          attributes: [{ key: "nautilus.orders", value: { intValue: "3" } }],
        },
      ],
    },
  ],
};

it("reads what a search found, in Tempo's shapes", () => {
  const stats = { api: { spanCount: 3 }, worker: { spanCount: 4, errorCount: 2 } };
  expect(readFound({ ...RAW, serviceStats: stats })).toEqual({
    id: "abc".padStart(32, "0"),
    name: "POST /x",
    service: "nautilus",
    start: 1_795_977_243_167,
    took: 1.5,
    matched: 4,
    spans: 7,
    errors: 2,
    first: { id: "1".padStart(16, "0"), name: "engine run" },
    attributes: { "nautilus.orders": 3 },
  });
  const { spanSets, durationMs, ...rest } = RAW;
  const old = { ...rest, spanSet: spanSets[0], rootTraceName: "<root span not yet received>" };
  const found = readFound(old as unknown as typeof RAW);
  expect([found.name, found.matched, found.took, found.spans]).toEqual(["engine run", 4, 0, null]);
  expect(durationMs).toBe(1_500);
});

it("puts errors first, equal ones newest first", () => {
  const one = readFound(RAW);
  const all = [
    { ...one, id: "old", start: 1 },
    { ...one, id: "bad", start: 0, errors: 1 },
    { ...one, id: "new", start: 2, attributes: { orders: 9 } },
  ];
  const order = (sort: string) => sortedFound(all, sort).map(({ id }) => id);
  expect(order("-errors")).toEqual(["bad", "new", "old"]);
  expect(order("start")).toEqual(["bad", "old", "new"]);
  expect(order("-orders")[0]).toBe("new");
});

it("finds where a query is wrong, as both stores say it", () => {
  const said = "invalid TraceQL query: parse error at line 1, col 9: unexpected '}'";
  expect(troubleOf("{ a = 1 }", said)).toEqual({ text: "unexpected '}'", at: 8 });
  const tempo =
    "invalid TraceQL query: parse error at line 1, col 3: syntax error: unexpected IDENT";
  expect(troubleOf("{ x }", tempo)).toEqual({ text: "syntax error: unexpected IDENT", at: 2 });
  expect(troubleOf("{", "too much")).toEqual({ text: "too much", at: null });
});

it("keeps links of alerts: TraceQL and Grafana's times are texts", () => {
  const q = '{ span.nautilus.status = "killed" }';
  const address = `?${new URLSearchParams({ q, from: "1795977243167", to: "now" })}`;
  expect(readTracesSearch(parseSearch(address))).toEqual({ q, from: "1795977243167", to: "now" });
  expect(readTracesSearch(parseSearch("?q={}"))).toEqual({ q: "{}" });
  expect(parseSearch(stringifySearch({ q: "{ }", span: "1234567890123456" }))).toEqual({
    q: "{ }",
    span: "1234567890123456",
  });
  expect(readTracesSearch({ q: "{ a = 1 &&\n  b = 2 }" })).toEqual({ q: "{ a = 1 && b = 2 }" });
});
