import { fireEvent, render, screen, within } from "@testing-library/react";
import { useState } from "react";
import { beforeEach, expect, it, vi } from "vitest";

import type { Span, Trace } from "../../tracing/model";
import Waterfall from "./Waterfall";

vi.mock("@tanstack/react-router", () => ({
  Link: ({ children }: { children: React.ReactNode }) => <a href="/there">{children}</a>,
}));

const BLANK = {
  ...{ kind: "", service: "s", process: "s", failed: false, message: "", attributes: {} },
  ...{ resource: {}, scope: "", events: [], links: [] },
};

function span(n: number, parent: number | null, more: Partial<Span> = {}): Span {
  const id = n.toString(16).padStart(16, "0");
  const above = parent === null ? "" : parent.toString(16).padStart(16, "0");
  return { ...BLANK, id, parent: above, name: `span ${n}`, start: n, end: 10_000, ...more };
}

const STACK = { "exception.type": "ValueError", "exception.stacktrace": "File strategy.py" };
const FAILURE = { name: "exception", at: 4_000, attributes: STACK };
/** A root, a child of it with 4,998 children of its own; the last but one of them failed. */
const MANY: Trace = {
  began: 0n,
  length: 10_000,
  spans: Array.from({ length: 5_000 }, (_, n) =>
    span(n, n === 0 ? null : Math.min(1, n - 1), {
      ...(n === 4_998 ? { failed: true, message: "boom", events: [FAILURE] } : {}),
    }),
  ),
};

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(400);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(800);
  // There are no layout, no canvas and no way to scroll here.
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(null);
  vi.stubGlobal("matchMedia", () => ({
    matches: false,
    addEventListener: vi.fn(),
    removeEventListener: vi.fn(),
  }));
});

function Whole({ trace }: { trace: Trace }) {
  const [chosen, setChosen] = useState<string>();
  return <Waterfall trace={trace} chosen={chosen} onChoose={setChosen} />;
}

function draw(): HTMLElement {
  render(<Whole trace={MANY} />);
  return screen.getByRole("treegrid", { name: "Spans" });
}

function active(tree: HTMLElement): string | null | undefined {
  const row = document.getElementById(tree.getAttribute("aria-activedescendant") ?? "");
  return row && within(row).getAllByRole("gridcell")[0]?.textContent;
}

it("draws only the spans in sight of five thousand, and says how many there are", () => {
  const tree = draw();
  expect(tree.getAttribute("aria-rowcount")).toBe("5001");
  expect(within(tree).getAllByRole("row").length).toBeLessThan(60);
});

it("moves, closes and opens by keys", () => {
  const tree = draw();
  fireEvent.keyDown(tree, { key: "ArrowDown" });
  fireEvent.keyDown(tree, { key: "ArrowDown" });
  expect(active(tree)).toContain("span 1");
  fireEvent.keyDown(tree, { key: "ArrowLeft" });
  expect(tree.getAttribute("aria-rowcount")).toBe("3");
  expect(active(tree)).toContain("1 failed");
  fireEvent.keyDown(tree, { key: "ArrowRight" });
  expect(tree.getAttribute("aria-rowcount")).toBe("5001");
});

it("jumps to the first error, opens what hides it, and shows its stack", () => {
  const tree = draw();
  fireEvent.click(screen.getByRole("button", { name: "Close all" }));
  expect(tree.getAttribute("aria-rowcount")).toBe("2");
  fireEvent.click(screen.getByRole("button", { name: "First error" }));
  const details = screen.getByRole("region", { name: "Span" });
  expect(within(details).getByRole("heading").textContent).toBe("span 4998");
  expect(within(details).getByLabelText("Stack trace").textContent).toBe("File strategy.py");
  expect(tree.getAttribute("aria-rowcount")).toBe("5001");
});

it("finds spans by what they say, one after the other", () => {
  draw();
  const search = screen.getByRole("searchbox", { name: "Find spans" });
  fireEvent.change(search, { target: { value: "span 49 " } });
  fireEvent.keyDown(search, { key: "Enter" });
  expect(screen.getByRole("heading").textContent).toBe("span 49");
  fireEvent.keyDown(search, { key: "Enter" });
  expect(screen.getByRole("heading").textContent).toBe("span 149");
});

it("says that a span of the address is not there", () => {
  render(<Waterfall trace={MANY} chosen="ffffffffffffffff" onChoose={vi.fn()} />);
  expect(screen.getByText(/is not in this trace/)).toBeTruthy();
});
