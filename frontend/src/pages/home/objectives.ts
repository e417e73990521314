import type { Objective } from "../../api/types";

const LITTLE = 0.25;
const UID = "nautobs-";

/** How good it is that this share of the error budget is left. */
export function toneOfBudget(left: number): "good" | "warn" | "bad" {
  if (left <= 0) return "bad";
  return left < LITTLE ? "warn" : "good";
}

/** The board that shows an objective, over the time that its budget counts. */
export function boardAddress(objective: Objective): string {
  const { topic, variables } = objective.board as {
    topic: string;
    variables: Record<string, string>;
  };
  const chosen = Object.entries(variables).map(([name, value]) => [`var-${name}`, value]);
  const search = new URLSearchParams([...chosen, ["from", "now-6h"]] as string[][]);
  return `/dashboards/${UID}${topic}?${search}`;
}
