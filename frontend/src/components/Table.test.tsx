import { fireEvent, render, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";

import { type Column, Table } from "./Table";
import { direction, moved, nextSort } from "./tableMoves";

interface Line {
  id: string;
  size: number;
}

const LINES: Line[] = Array.from({ length: 10_000 }, (_, n) => ({ id: `line-${n}`, size: n }));
const COLUMNS: Column<Line>[] = [
  { id: "id", title: "Name", width: "1fr", cell: (line) => line.id },
  { id: "size", title: "Size", width: "5rem", end: true, sortable: true, cell: (l) => l.size },
];

beforeEach(() => {
  // Nothing is laid out here: the table believes that it is 400 px high.
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(400);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(800);
});

function draw(more: Partial<Parameters<typeof Table<Line>>[0]> = {}): HTMLElement {
  render(<Table label="Lines" rows={LINES} columns={COLUMNS} rowKey={(l) => l.id} {...more} />);
  return screen.getByRole("grid", { name: "Lines" });
}

it("draws only the rows in sight of ten thousand, and says how many there are", () => {
  const table = draw();
  const drawn = screen.getAllByRole("row").length;
  expect(drawn).toBeGreaterThan(10);
  expect(drawn).toBeLessThan(40);
  expect(table.getAttribute("aria-rowcount")).toBe("10001");
});

it("moves by keys and opens by Enter", () => {
  const onOpen = vi.fn();
  const table = draw({ onOpen });
  fireEvent.keyDown(table, { key: "ArrowDown" });
  fireEvent.keyDown(table, { key: "ArrowDown" });
  fireEvent.keyDown(table, { key: "Enter" });
  expect(onOpen).toHaveBeenCalledExactlyOnceWith(LINES[1]);
  const active = document.getElementById(table.getAttribute("aria-activedescendant") ?? "");
  expect(active?.getAttribute("aria-selected")).toBe("true");
});

it("keeps the mark on its row when others arrive before it, and takes it away with the row", () => {
  const onOpen = vi.fn();
  const table = (rows: Line[]) => (
    <Table label="Lines" rows={rows} columns={COLUMNS} rowKey={(l) => l.id} onOpen={onOpen} />
  );
  const [first, second, third] = LINES as [Line, Line, Line];
  const { rerender } = render(table([second, third]));
  const press = (key: string) => fireEvent.keyDown(screen.getByRole("grid"), { key });
  press("ArrowDown");
  rerender(table([first, second, third]));
  expect(screen.getByRole("row", { selected: true }).getAttribute("aria-rowindex")).toBe("3");
  press("Enter");
  expect(onOpen).toHaveBeenCalledExactlyOnceWith(second);
  press("ArrowDown");
  press("Enter");
  expect(onOpen).toHaveBeenLastCalledWith(third);

  rerender(table([first, second]));
  press("Enter");
  expect(onOpen).toHaveBeenCalledTimes(2);
  expect(screen.queryByRole("row", { selected: true })).toBeNull();
});

it("asks for an order by a click on the name of a column that has one", () => {
  const onSort = vi.fn();
  draw({ sort: "-size", onSort });
  expect(screen.getByRole("columnheader", { name: /Size/ }).getAttribute("aria-sort")).toBe(
    "descending",
  );
  fireEvent.click(screen.getByRole("button", { name: /Size/ }));
  expect(onSort).toHaveBeenCalledExactlyOnceWith("size");
  expect(screen.queryByRole("button", { name: "Name" })).toBeNull();
});

it("asks for more rows when the last are in sight", () => {
  const onEnd = vi.fn();
  draw({ rows: LINES.slice(0, 5), onEnd });
  expect(onEnd).toHaveBeenCalled();
});

it.each([
  ["ArrowDown", -1, 0],
  ["ArrowDown", 9, 9],
  ["ArrowUp", 0, 0],
  ["PageDown", 3, 7],
  ["PageUp", 3, 0],
  ["Home", 5, 0],
  ["End", 5, 9],
  ["a", 5, null],
])("goes with %s from row %s to %s", (key, from, to) => {
  expect(moved(key, from, 10, 4)).toBe(to);
});

it("moves nowhere in an empty table", () => {
  expect(moved("End", -1, 0, 4)).toBeNull();
});

it("turns an order round, and begins with the most", () => {
  expect([
    nextSort(undefined, "a"),
    nextSort("-a", "a"),
    nextSort("a", "a"),
    nextSort("-b", "a"),
  ]).toEqual(["-a", "a", "-a", "-a"]);
  expect([direction("a", "a"), direction("-a", "a"), direction("-ab", "a")]).toEqual([
    "ascending",
    "descending",
    null,
  ]);
});
