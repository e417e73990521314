import { expect, it } from "vitest";

import { groupsOf } from "./StatisticsPanel";

it("flattens nested groups to titles, and writes what is no number", () => {
  const statistics = {
    pnls: { USD: { "PnL (total)": 1.5 } },
    returns: { Sharpe: null },
    note: "x",
  };
  expect(groupsOf(statistics)).toEqual([
    { title: "", facts: [["note", "x"]] },
    { title: "pnls · USD", facts: [["PnL (total)", "1.5"]] },
    { title: "returns", facts: [["Sharpe", "–"]] },
  ]);
});
