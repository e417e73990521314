import { expect, it } from "vitest";

import { barOf, ticksOf, viewOf } from "./axis";
import { criticalPath } from "./criticalPath";
import type { Span, Trace } from "./model";
import { pathByName } from "./pathByName";
import { closedFrom, matchingNodes, moveBy, nextOf, revealed, visibleNodes } from "./rows";
import { firstFailure, skewOf, treeOf } from "./tree";

function span(
  id: string,
  parent: string,
  start: number,
  end: number,
  more: Partial<Span> = {},
): Span {
  return {
    ...{ id, parent, name: id, kind: "", service: "s", process: "s", start, end, failed: false },
    ...{ message: "", attributes: {}, resource: {}, scope: "", events: [], links: [], ...more },
  };
}

function traceOf(...spans: Span[]): Trace {
  return { began: 0n, length: Math.max(...spans.map(({ end }) => end)), spans };
}

const TREE = treeOf(
  traceOf(
    span("root", "", 0, 100),
    span("a", "root", 5, 40, { failed: true, message: "inner failed" }),
    span("a1", "a", 10, 20),
    span("a2", "a", 20, 30, { failed: true, attributes: { "nautilus.run_id": "run-1" } }),
    span("b", "root", 50, 90),
  ),
);
const node = (id: string) => TREE.byId.get(id) ?? null;
const ids = (nodes: readonly { span: Span }[]) => nodes.map((one) => one.span.id);
const NONE = new Set<string>();

it("shows spans whose parent is not here", () => {
  const tree = treeOf(traceOf(span("lost", "gone", 3, 9), span("root", "", 0, 5)));
  expect(ids(tree.roots)).toEqual(["root", "lost"]);
});

it("shows spans that are each other's parents, the first as a root", () => {
  const tree = treeOf(traceOf(span("b", "a", 2, 9), span("a", "c", 1, 8), span("c", "b", 3, 7)));
  expect(tree.nodes.map(({ depth, span }) => [depth, span.id])).toEqual([
    [0, "a"],
    [1, "b"],
    [2, "c"],
  ]);
});

it("walks through a trace of any depth", () => {
  const deep = Array.from({ length: 20_000 }, (_, n) =>
    span(`${n}`, n ? `${n - 1}` : "", n, 50_000),
  );
  const tree = treeOf(traceOf(...deep));
  expect(tree.nodes.at(-1)?.depth).toBe(19_999);
  expect(criticalPath(tree).size).toBe(20_000);
});

it("counts what is below, and what failed of it", () => {
  expect([node("root")?.below, node("root")?.failedBelow, node("a")?.failedBelow]).toEqual([
    4, 2, 1,
  ]);
});

it("finds where the failure came from: the failed span that began last", () => {
  expect(firstFailure(TREE)?.span.id).toBe("a2");
  expect(firstFailure(treeOf(traceOf(span("x", "", 0, 1))))).toBeNull();
});

it("tells clocks that differ", () => {
  const tree = treeOf(traceOf(span("p", "", 10, 20), span("c", "p", 4, 12)));
  expect(tree.nodes.map(skewOf)).toEqual([0, 6]);
});

it("says when the critical path ran through a span", () => {
  const path = criticalPath(TREE);
  expect(path.get("root")).toEqual({
    own: 25,
    when: [
      [90, 100],
      [40, 50],
      [0, 5],
    ],
  });
  expect(pathByName(TREE, path).map(({ name, own }) => [name, own])[0]).toEqual(["b", 40]);
});

it("hides what is below a closed span, and shows it again", () => {
  expect(ids(visibleNodes(TREE, new Set(["a"])))).toEqual(["root", "a", "b"]);
  expect(ids(visibleNodes(TREE, closedFrom(TREE, 0)))).toEqual(["root"]);
  const a2 = node("a2");
  expect(a2 && [...revealed(new Set(["root", "a", "b"]), a2)]).toEqual(["b"]);
});

it.each([
  ["ArrowDown", "root", [], { to: "a" }],
  ["ArrowDown", null, [], { to: "root" }],
  ["ArrowDown", "b", [], { to: "b" }],
  ["ArrowUp", "b", ["a"], { to: "a" }],
  ["Home", "b", [], { to: "root" }],
  ["End", "root", [], { to: "b" }],
  ["PageDown", "root", [], { to: "a2" }],
  ["PageUp", "b", [], { to: "a" }],
  ["ArrowRight", "a", ["a"], { toggle: "a" }],
  ["ArrowRight", "a", [], { to: "a1" }],
  ["ArrowRight", "b", [], null],
  ["ArrowLeft", "a", [], { toggle: "a" }],
  ["ArrowLeft", "a", ["a"], { to: "root" }],
  ["ArrowLeft", "a2", [], { to: "a" }],
  ["ArrowLeft", "root", ["root"], null],
  ["x", "root", [], null],
] as const)("answers %s at %s, closed %j, with %j", (key, at, shut, answer) => {
  const closed = new Set<string>(shut);
  const move = moveBy(key, visibleNodes(TREE, closed), at && node(at), closed, 3);
  expect(move && ("to" in move ? { to: move.to.span.id } : move)).toEqual(answer);
});

it("finds spans by all words of what they say", () => {
  expect(ids(matchingNodes(TREE, "inner error"))).toEqual(["a"]);
  expect(ids(matchingNodes(TREE, "run_id=RUN-1"))).toEqual(["a2"]);
  expect(matchingNodes(TREE, "  ")).toEqual([]);
});

it("steps through some spans from where one is, around their ends", () => {
  const some = [node("a"), node("b")].filter((one) => one !== null);
  const step = (from: string | null, way: 1 | -1) =>
    nextOf(TREE, some, from === null ? null : node(from), way)?.span.id;
  expect([step(null, 1), step("a1", 1), step("b", 1)]).toEqual(["a", "b", "a"]);
  expect([step("a1", -1), step("a", -1)]).toEqual(["a", "b"]);
  expect(nextOf(TREE, [], null, 1)).toBeNull();
});

it("puts bars into the view, and none outside of it", () => {
  expect(barOf(0, 50, { from: 0, to: 100 })).toEqual([0, 50]);
  expect(barOf(0, 50, { from: 25, to: 75 })).toEqual([0, 50]);
  expect(barOf(80, 90, { from: 0, to: 50 })).toBeNull();
  // A span that ends before it begins is drawn where it begins.
  expect(barOf(60, 40, { from: 0, to: 100 })).toEqual([60, 0]);
});

it("has ticks at round moments", () => {
  expect(ticksOf({ from: 0, to: 1_000 }, 4)).toEqual([0, 500, 1_000]);
  expect(ticksOf({ from: 130, to: 390 }, 6)).toEqual([150, 200, 250, 300, 350]);
});

it("zooms within the trace, whichever way it was dragged", () => {
  expect(viewOf(9_000, 4_000, 8_000)).toEqual({ from: 4_000, to: 8_000 });
  expect(viewOf(5_000, 5_000, 10_000)).toEqual({ from: 4_500, to: 5_500 });
  expect(viewOf(1, 1, 10)).toEqual({ from: 0, to: 10 });
});

it("keeps what nobody closed open", () => {
  expect(visibleNodes(TREE, NONE)).toBe(TREE.nodes);
});
