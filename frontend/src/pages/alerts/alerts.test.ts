import { expect, it } from "vitest";

import { valueOf, wrongNow } from "../../api/alertQueries";
import type { ActiveAlert, Notification } from "../../api/types";
import { episodesOf, groupsOf, isWanted } from "./grouping";
import { boardHref, expressionOf, incidentRange, tracesHref, webAddress } from "./links";
import { readAlertsSearch } from "./search";
import {
  bodyOf,
  covers,
  type Draft,
  filterOf,
  problemsOf,
  readFilter,
  writeFilter,
} from "./silence";

function alert(
  name: string,
  labels: Record<string, string> = {},
  more: Partial<ActiveAlert> = {},
): ActiveAlert {
  const severity = more.severity ?? "page";
  return {
    fingerprint: `${name} ${JSON.stringify(labels)}`,
    name,
    severity,
    state: "firing",
    labels: { alertname: name, severity, job: "nautilus", ...labels },
    annotations: {},
    starts_at: "2026-01-05T12:00:00Z",
    ends_at: "2026-01-05T13:00:00Z",
    updated_at: "2026-01-05T12:00:00Z",
    generator_url: "",
    receivers: ["page"],
    silenced_by: [],
    inhibited_by: [],
    ...more,
  };
}

it("groups as Alertmanager does: by name, job and objective, a page apart from a ticket", () => {
  const groups = groupsOf([
    alert("Burn", { objective: "a", slot: "0" }),
    alert("Down", { instance: "x" }),
    alert("Burn", { objective: "a", slot: "1" }),
    alert("Burn", { objective: "b" }),
    alert("Burn", { objective: "a" }, { severity: "ticket" }),
  ]);
  expect(groups.map((one) => [one.name, one.labels.objective, one.alerts.length])).toEqual([
    ["Burn", "a", 2],
    ["Down", undefined, 1],
    ["Burn", "b", 1],
    ["Burn", "a", 1],
  ]);
});

it("counts what fires; the Watchdog and what is silenced are no trouble", () => {
  const all = [alert("A"), alert("Watchdog"), alert("B", {}, { state: "silenced" })];
  expect(wrongNow(all).map((one) => one.name)).toEqual(["A"]);
});

function message(status: "firing" | "resolved", start: number, more: Partial<Notification> = {}) {
  return {
    fingerprint: "ab",
    status,
    name: "A",
    severity: "page",
    labels: {},
    annotations: {},
    starts_at: `2026-01-05T12:0${start}:00Z`,
    ends_at: status === "resolved" ? `2026-01-05T12:0${start + 1}:00Z` : null,
    generator_url: "",
    times: 1,
    last_received_at: `2026-01-05T12:0${start + 1}:30Z`,
    ...more,
  } as Notification;
}

it("makes one line of the messages of a begin and of its end", () => {
  const lines = episodesOf([
    message("firing", 5),
    message("resolved", 1),
    message("firing", 1, { times: 2, last_received_at: "2026-01-05T12:01:10Z" }),
  ]);
  expect(lines.map(({ ends_at, times, told_at }) => [ends_at, times, told_at])).toEqual([
    [null, 1, "2026-01-05T12:06:30Z"],
    ["2026-01-05T12:02:00Z", 3, "2026-01-05T12:02:30Z"],
  ]);
});

it("takes the end from whichever message has it", () => {
  const [line] = episodesOf([message("firing", 1), message("resolved", 1)]);
  expect(line?.ends_at).toBe("2026-01-05T12:02:00Z");
});

it.each([
  [{}, true],
  [{ severity: "ticket" as const }, false],
  [{ q: "SLOT=1 memory" }, true],
  [{ q: "slot=2" }, false],
])("filters by severity and by words: %j", (search, wanted) => {
  const one = alert("Killed", { slot: "1" }, { annotations: { summary: "Memory is short" } });
  expect(isWanted(one, search)).toBe(wanted);
});

it("takes from the address what it knows, and puts nothing in the place of the rest", () => {
  const given = { alert: "A", state: "asleep", severity: "page", q: 7, silence: {} };
  // The router keeps what is not said otherwise.
  expect({ ...given, ...readAlertsSearch(given) }).toEqual({
    alert: "A",
    severity: "page",
    q: "7",
    state: undefined,
    silence: undefined,
  });
});

// Links -------------------------------------------------------------------------------------------

const START = Date.parse("2026-01-05T12:00:00Z");
const told = (annotations: Record<string, string>, ends_at: string | null = null) => ({
  annotations,
  starts_at: "2026-01-05T12:00:00Z",
  ends_at,
});

it("leads to the board over the time of the alert, within the console", () => {
  const dashboard_url =
    "http://elsewhere:8000/dashboards/nautobs-runtime?from=now-1h&to=now&var-slot=1";
  expect(boardHref(told({ dashboard_url }))).toBe(
    `/dashboards/nautobs-runtime?from=${START - 3_600_000}&to=now&var-slot=1`,
  );
  expect(boardHref(told({ dashboard_url }, "2026-01-05T12:30:00Z"))).toContain(
    `&to=${START + 2_400_000}&`,
  );
});

it("leads to Grafana where rules name it, and nowhere where they name no address", () => {
  const grafana = "https://grafana.example/d/nautobs-runtime?from=now-6h&to=now";
  expect(boardHref(told({ dashboard_url: grafana }))).toBe(
    `https://grafana.example/d/nautobs-runtime?from=${START - 21_600_000}&to=now`,
  );
  for (const bad of ["javascript:alert(1)", "data:text/html,x", "", "http://"]) {
    expect(boardHref(told({ dashboard_url: bad }))).toBeNull();
    expect(webAddress(bad)).toBeNull();
  }
});

it("has the TraceQL ready", () => {
  const traceql = '{ span.nautilus.status = "killed" && duration > 1s }';
  const address = new URL(tracesHref(told({ traceql })) ?? "", "http://x");
  expect(address.pathname).toBe("/traces");
  expect(Object.fromEntries(address.searchParams)).toEqual({
    q: traceql,
    from: String(START - 3_600_000),
    to: "now",
  });
});

it("reads the expression out of the rule's address, and its value for these labels", () => {
  expect(expressionOf("http://p:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1")).toBe("up == 0");
  expect(expressionOf("")).toBeNull();
  const samples = [
    { metric: { job: "a", __name__: "up" }, value: [1, "3"] as [number, string] },
    { metric: { job: "b" }, value: [1, "4"] as [number, string] },
  ];
  expect(valueOf(samples, { job: "b", severity: "page" })).toBe(4);
  expect(valueOf(samples, { job: "c" })).toBeNull();
});

it("takes a quarter of an hour before the alert for its incident", () => {
  expect(incidentRange(told({}, "2026-01-05T12:30:00Z"))).toEqual({
    from: String(START - 900_000),
    to: String(START + 2_400_000),
  });
});

// Silences ----------------------------------------------------------------------------------------

const DRAFT: Draft = {
  rows: [{ name: "alertname", operator: "=", value: "A" }],
  duration: 3_600,
  author: " me ",
  comment: "known",
};

it("reads matchers as Alertmanager writes them, and writes them again", () => {
  const text = '{alertname="A \\"b\\\\c", job=~"x|y",slot!="1"}';
  const rows = readFilter(text);
  expect(rows).toEqual([
    { name: "alertname", operator: "=", value: 'A "b\\c' },
    { name: "job", operator: "=~", value: "x|y" },
    { name: "slot", operator: "!=", value: "1" },
  ]);
  expect(readFilter(writeFilter(rows))).toEqual(rows);
  expect(readFilter("nonsense")).toEqual([]);
  expect(filterOf({ alertname: "A", job: "b" })).toBe('{alertname="A",job="b"}');
});

it("asks the service for what the form says", () => {
  expect(bodyOf({ ...DRAFT, rows: [{ name: "job", operator: "!~", value: "a.*" }] })).toEqual({
    matchers: [{ name: "job", value: "a.*", is_regex: true, is_equal: false }],
    duration_seconds: 3_600,
    created_by: "me",
    comment: "known",
  });
});

it.each([
  [{}, []],
  [{ author: " " }, ["created_by"]],
  [{ comment: "" }, ["comment"]],
  [{ rows: [] }, ["matchers"]],
  [{ rows: [{ name: "1x", operator: "=", value: "a" }] }, ["matchers.0.name"]],
  [{ rows: [{ name: "job", operator: "=~", value: "(" }] }, ["matchers.0.value"]],
  [{ rows: [{ name: "job", operator: "=~", value: ".*" }] }, ["matchers"]],
  [{ rows: [{ name: "job", operator: "!=", value: "a" }] }, ["matchers"]],
] as [Partial<Draft>, string[]][])("names the field that is wrong in %j", (change, fields) => {
  expect(Object.keys(problemsOf({ ...DRAFT, ...change }))).toEqual(fields);
});

it.each([
  ['{alertname="A"}', true],
  ['{alertname=~"A|B",slot="1"}', true],
  ['{alertname=~"B"}', false],
  ['{alertname=~"[A]"}', true],
  ['{slot!="1"}', false],
  ['{other=""}', true],
])("says whether %s covers an alert", (filter, covered) => {
  expect(covers(readFilter(filter), { alertname: "A", slot: "1" })).toBe(covered);
});
