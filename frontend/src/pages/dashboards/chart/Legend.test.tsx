import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";

import { Legend } from "./Legend";

function legend(labels: readonly string[]) {
  const lines = labels.map((label) => ({ label, metric: {}, values: [1] }));
  return <Legend lines={lines} calcs={[]} unit="short" only={null} setOnly={() => undefined} />;
}

it("leaves the cursor on a line, though another has come before it", () => {
  const { rerender } = render(legend(["p50", "p90"]));
  screen.getByRole("button", { name: "p90" }).focus();
  rerender(legend(["p1", "p50", "p90"]));
  expect(document.activeElement?.textContent).toBe("p90");
});
