/** The terminal draws the same tree and critical path: tests/unit/terminal/test_trace.py reads the same files. */

import { expect, it } from "vitest";

import { criticalPath } from "./criticalPath";
import { readTrace } from "./otlp";
import { treeOf } from "./tree";

interface Fixture {
  answer: unknown;
  order: [number, string][];
  critical_path: Record<string, number>;
}

const FIXTURES = import.meta.glob<Fixture>("../../../tests/fixtures/traces/*.json", {
  eager: true,
  import: "default",
});

it.each(Object.entries(FIXTURES))("draws %s as the terminal does", (_, fixture) => {
  const trace = readTrace(fixture.answer);
  if (!trace) throw new Error("no spans");
  const tree = treeOf(trace);
  expect(tree.nodes.map(({ depth, span }) => [depth, span.id])).toEqual(fixture.order);
  const own = [...criticalPath(tree)].map(([id, one]) => [id, one.own] as const);
  expect(Object.fromEntries(own)).toEqual(fixture.critical_path);
});

it("reads files that are there", () => {
  expect(Object.keys(FIXTURES).length).toBeGreaterThan(3);
});
