import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";

import { type Order, orders, ordersOf } from "../../api/runQueries";
import type { BacktestResult, OrderTable } from "../../api/types";
import type { Board } from "../../grafana/model";
import { fillMarks, placeOf } from "./marks";
import { around, CHOSEN, chosenOf } from "./meanwhile";
import { OrdersPanel } from "./OrdersPanel";

const BOARDS = import.meta.glob<Board>("../../../../dashboards/generated/*.json", {
  eager: true,
  import: "default",
});

const order = (fields: Partial<Order>) =>
  ({
    order_id: "O",
    side: "BUY",
    filled: 1,
    price: null,
    pnl: null,
    created_ns: 0,
    ...fields,
  }) as Order;

afterEach(cleanup);

it("reads a table by the names of its columns", () => {
  const table = { columns: ["side", "order_id"], rows: [["SELL", "O-1"]], total: 1 };
  expect(ordersOf(table as unknown as OrderTable)).toMatchObject({
    total: 1,
    orders: [{ order_id: "O-1", side: "SELL" }],
  });
});

it("marks orders with fills on the curve, at the equity of that time", () => {
  const made = [
    order({ filled_ns: 15e9, side: "BUY" }),
    order({ filled_ns: 20e9, side: "SELL" }),
    order({ filled_ns: null }),
  ];
  expect(fillMarks(made, [10, 20, 30], [1, 2, 3])).toEqual([
    { time: 15, value: 1, up: true },
    { time: 20, value: 2, up: false },
  ]);
});

it.each([
  [5, 0],
  [10, 0],
  [19, 0],
  [20, 1],
  [99, 2],
])("finds the point that holds at %d", (time, place) => {
  expect(placeOf(time, [10, 20, 30])).toBe(place);
});

it.each(CHOSEN)("finds its panels on %s as generated", (uid, titles) => {
  const board = Object.values(BOARDS).find((one) => one.uid === uid);
  expect(board && chosenOf(board, titles).map((panel) => panel.title)).toEqual(titles);
});

it("looks at half a run's length on both sides, a minute at least", () => {
  const at = (seconds: number) => new Date(seconds * 1_000).toISOString();
  expect(around({ created_at: at(1_000), finished_at: at(1_010) })).toEqual({
    from: 940,
    to: 1_070,
  });
  expect(around({ created_at: at(1_000), finished_at: at(2_000) })).toEqual({
    from: 500,
    to: 2_500,
  });
});

it("shows what was kept, says what was not, and filters", () => {
  vi.stubGlobal("ResizeObserver", Watching);
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(400);
  vi.spyOn(HTMLElement.prototype, "offsetWidth", "get").mockReturnValue(1_200);
  const client = new QueryClient();
  client.setQueryData(orders("run-1").queryKey, {
    run_id: "run-1", total: 12_000, kept: 2, note: "2 of 12,000 orders were kept",
    currency: "USD", price_precision: 5, size_precision: 0, next_offset: null,
    orders: [order({ order_id: "O-1", average_price: 1.1 }),
             order({ order_id: "O-2", side: "SELL", filled: 0 })],
  }); // prettier-ignore
  render(
    <QueryClientProvider client={client}>
      <OrdersPanel run={{ run_id: "run-1", orders: 12_000 } as BacktestResult} />
    </QueryClientProvider>,
  );
  expect(screen.getByText("2 of 12,000 orders were kept.")).toBeTruthy();
  const rows = () => screen.getByRole("grid", { name: "Orders" }).getAttribute("aria-rowcount");
  expect(rows()).toBe("3");
  fireEvent.change(screen.getByLabelText("Orders shown"), { target: { value: "sells" } });
  expect(rows()).toBe("2");
});

class Watching {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}
