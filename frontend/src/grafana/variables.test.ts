import { expect, it } from "vitest";

import type { Board, Variable } from "./model";
import { ALL, fillQuery, labelQuery, linkTarget, valuesOf } from "./variables";

const GRID = { from: 0, to: 3_600, step: 30 };
const JOB: Variable = { name: "job", type: "query", current: { value: "nautilus" } };
const INSTANCE: Variable = {
  name: "instance",
  type: "query",
  multi: true,
  includeAll: true,
  allValue: ".*",
  current: { value: ALL },
  query: { query: 'label_values(up{job="$job"}, instance)' },
};
const BOARD: Board = { uid: "u", title: "t", panels: [], templating: { list: [JOB, INSTANCE] } };
const QUERY = 'rate(x{job="$job", instance=~"${instance}"}[$__rate_interval])';

it("takes the board's values where the address has none", () => {
  expect(valuesOf(BOARD, { job: ["other"] })).toEqual({ job: ["other"], instance: [ALL] });
});

it.each([
  [[ALL], 'rate(x{job="n", instance=~".*"}[35s])'],
  [[], 'rate(x{job="n", instance=~".*"}[35s])'],
  [["a.b:1"], 'rate(x{job="n", instance=~"a\\\\.b:1"}[35s])'],
  [["a", "b"], 'rate(x{job="n", instance=~"(a|b)"}[35s])'],
])("fills %j into a query", (instance, filled) => {
  expect(fillQuery(QUERY, BOARD, { job: ["n"], instance }, GRID)).toBe(filled);
});

it("lets no value end the string that it stands in", () => {
  const filled = fillQuery('x{job="$job"}', BOARD, { job: ['a"} or y{b="\\'] }, GRID);
  expect(filled).toBe('x{job="a\\"} or y{b=\\"\\\\"}');
  expect(fillQuery('{ a = "$job" }', BOARD, { job: ['"'] }, GRID, "traceql")).toBe('{ a = "\\"" }');
});

it("fills in the whole range, and leaves unknown names alone", () => {
  expect(fillQuery("[$__range] $other", BOARD, {}, GRID)).toBe("[3600s] $other");
});

it("asks for the values of a label over the range", () => {
  expect(labelQuery(INSTANCE, BOARD, { job: ["n"] }, GRID)).toEqual({
    expr: 'group by (instance) (last_over_time(up{job="n"}[3600s]))',
    label: "instance",
  });
});

const RANGE = { from: "now-1h", to: "now" };

it("leads to another board over the same time, with the same variables", () => {
  const url =
    "/d/nautobs-api?${__url_time_range}&${datasource:queryparam}&${job:queryparam}" +
    "&${instance:queryparam}&var-http_route=%2Fapi%2Fresults%2F{run_id}";
  expect(linkTarget(url, { job: ["n"], instance: ["a:1", "b:2"] }, RANGE)).toEqual({
    uid: "nautobs-api",
    search: {
      from: "now-1h",
      to: "now",
      "var-job": "n",
      "var-instance": ["a:1", "b:2"],
      "var-http_route": "/api/results/{run_id}",
    },
  });
});

it("leads from a row to what the row names", () => {
  const url =
    '/d/run?var-run_id=${__data.fields["nautilus.run_id"]}&var-trace_id=${__data.fields.id}';
  const row = { "nautilus.run_id": "run-1&x", id: "abc" };
  expect(linkTarget(url, {}, RANGE, row)?.search).toEqual({
    "var-run_id": "run-1&x",
    "var-trace_id": "abc",
  });
});

it("leads nowhere else than to boards", () => {
  expect(linkTarget("https://elsewhere.test/d/x", {}, RANGE)).toBeNull();
});
