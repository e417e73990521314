/** Colours that boards name, as tokens of the console. */

import type { Threshold } from "./model";

const TOKENS: Record<string, string> = {
  green: "good",
  orange: "warn",
  red: "bad",
  blue: "info",
};

export const COLOURS: readonly string[] = Object.keys(TOKENS);

/** The token of a colour: `red` is `bad`. */
export function token(colour: string | undefined): string {
  return TOKENS[colour ?? ""] ?? "text-2";
}

/** The colour of the highest threshold that a value reaches. */
export function reached(steps: readonly Threshold[], value: number): string | undefined {
  return steps.findLast((step) => step.value === null || value >= step.value)?.color;
}
