import { expect, it } from "vitest";

import { unixMs } from "./model";
import { hexOf, readTrace } from "./otlp";

const START = 1_795_977_243_167_675_046n;

const HEX = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  parentSpanId: "00f067aa0ba902b7",
  name: "engine run",
  kind: 3,
  startTimeUnixNano: String(START),
  endTimeUnixNano: String(START + 7n),
  status: { code: 2, message: "boom" },
  attributes: [
    { key: "text", value: { stringValue: "a" } },
    { key: "count", value: { intValue: "7" } },
    { key: "vast", value: { intValue: "9223372036854775807" } },
    { key: "part", value: { doubleValue: 0.5 } },
    { key: "yes", value: { boolValue: false } },
    { key: "many", value: { arrayValue: { values: [{ intValue: 1 }, { stringValue: "b" }] } } },
    { key: "named", value: { kvlistValue: { values: [{ key: "k", value: { intValue: 2 } }] } } },
    { key: "nothing" },
  ],
  events: [{ name: "exception", timeUnixNano: String(START + 5n), attributes: [] }],
  links: [{ traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" }],
};
const RESOURCE = {
  attributes: [
    { key: "service.name", value: { stringValue: "nautilus" } },
    { key: "nautilus.role", value: { stringValue: "worker" } },
    { key: "nautilus.slot", value: { stringValue: "1" } },
  ],
};
const SCOPE = { name: "lib", version: "1" };
const PLAIN = { resource: RESOURCE, scopeSpans: [{ scope: SCOPE, spans: [HEX] }] };
const BASE64 = {
  ...HEX,
  spanId: "t61rcWkgMzE=",
  parentSpanId: "APBnqgupArc=",
  kind: "SPAN_KIND_CLIENT",
  status: { code: "STATUS_CODE_ERROR", message: "boom" },
  links: [{ traceId: "CvdlGRbNQ92ESOshHIAxnA==", spanId: "t61rcWkgMzE=" }],
};

it.each([
  ["OTLP/JSON: hexadecimal ids, numbers of enumerations", { resourceSpans: [PLAIN] }],
  [
    "Tempo 2 and later: base64 and names, in `trace`",
    { trace: { resourceSpans: [{ ...PLAIN, scopeSpans: [{ scope: SCOPE, spans: [BASE64] }] }] } },
  ],
  ["Tempo's batches", { batches: [{ ...PLAIN, scopeSpans: [{ scope: SCOPE, spans: [BASE64] }] }] }],
  [
    "spans of an instrumentation library",
    {
      batches: [
        {
          resource: RESOURCE,
          instrumentationLibrarySpans: [{ instrumentationLibrary: SCOPE, spans: [HEX] }],
        },
      ],
    },
  ],
])("reads %s", (_, answer) => {
  const trace = readTrace(answer);
  const [span] = trace?.spans ?? [];
  expect(trace?.began).toBe(START);
  expect(trace?.length).toBe(7);
  expect(span).toEqual({
    id: "b7ad6b7169203331",
    parent: "00f067aa0ba902b7",
    name: "engine run",
    kind: "client",
    service: "nautilus",
    process: "nautilus worker 1",
    start: 0,
    end: 7,
    failed: true,
    message: "boom",
    resource: { "service.name": "nautilus", "nautilus.role": "worker", "nautilus.slot": "1" },
    scope: "lib 1",
    attributes: {
      text: "a",
      count: 7,
      vast: 9_223_372_036_854_775_807n,
      part: 0.5,
      yes: false,
      many: [1, "b"],
      named: { k: 2 },
      nothing: null,
    },
    events: [{ name: "exception", at: 5, attributes: {} }],
    links: [
      { trace: "0af7651916cd43dd8448eb211c80319c", span: "b7ad6b7169203331", attributes: {} },
    ],
  });
});

it("finds no trace where there is no span", () => {
  for (const answer of [null, {}, { trace: {} }, { batches: [] }, { resourceSpans: [{}] }]) {
    expect(readTrace(answer)).toBeNull();
  }
});

it("keeps nanoseconds that a number cannot hold", () => {
  const later = { ...HEX, spanId: "b7ad6b7169203332", startTimeUnixNano: String(START + 1n) };
  const trace = readTrace({
    resourceSpans: [{ ...PLAIN, scopeSpans: [{ spans: [HEX, later] }] }],
  });
  expect(trace?.spans.map(({ start }) => start)).toEqual([0, 1]);
  expect(trace && unixMs(trace, 2_000_000)).toBeCloseTo(1_795_977_243_169.675, 2);
});

it("takes an id that is neither as it is", () => {
  expect(hexOf("no-id!", 16)).toBe("no-id!");
  expect(hexOf(undefined, 16)).toBe("");
});

it("counts a span that was sent twice once", () => {
  const twice = [{ spans: [HEX, HEX] }];
  expect(readTrace({ resourceSpans: [{ ...PLAIN, scopeSpans: twice }] })?.spans).toHaveLength(1);
});
