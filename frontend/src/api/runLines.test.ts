import { expect, it } from "vitest";

import { runLines } from "./runLines";

it("reads lines by the names of the columns, whatever their order", () => {
  const table = { columns: ["status", "run_id"], rows: [["ok", "run-1"]] };
  expect(runLines(table as never)).toEqual([{ run_id: "run-1", status: "ok" }]);
});
