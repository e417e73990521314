/** A sweep in the form: what is typed for a parameter is a list of values, or ranges of them. */

import type { SweepRequest } from "../../api/types";
import type { Objective } from "../sweeps/figures";
import { complaint, type Parameter, valueOf } from "./parameters";
import { complaintsAbout, type Complaints, type Draft, requestOf, textOf } from "./request";

/** As many sets of parameters as the service takes. */
export const MOST_RUNS = 1_000;
/** What the service calls the whole of the grid. */
export const GRID = "grid";

export interface SweepOptions {
  objective: Objective;
  skip_invalid: boolean;
}

const RANGE = /^(\S+)\s+to\s+(\S+?)(?:\s+step\s+(\S+))?$/i;

interface Parsed {
  texts: string[];
  wrong?: string;
}

/** The values, as texts, that a text names: `5, 10`, `5 to 50 step 5`, or both with commas. */
export function valuesIn(parameter: Parameter, text: string): Parsed {
  const parts = text.split(",").map((part) => part.trim());
  const numeric = parameter.kind === "integer" || parameter.kind === "number";
  const texts: string[] = [];
  for (const part of parts.length > 1 ? parts.filter(Boolean) : parts) {
    const found = numeric ? RANGE.exec(part) : null;
    const range = found ? expanded(found[1] ?? "", found[2] ?? "", found[3] ?? "1") : [part];
    if (typeof range === "string") return { texts: [], wrong: range };
    texts.push(...range);
    if (texts.length > MOST_RUNS) return { texts: [], wrong: `has more than ${MOST_RUNS} values` };
  }
  const distinct = [...new Set(texts)];
  for (const one of distinct) {
    const wrong = complaint(parameter, one);
    if (wrong) return { texts: [], wrong: distinct.length > 1 ? `${one} ${wrong}` : wrong };
  }
  return { texts: distinct };
}

/** From, to and step as numbers, or what is wrong with them. */
function expanded(from: string, to: string, step: string): string[] | string {
  const [first, last, width] = [Number(from), Number(to), Number(step)];
  if (![first, last, width].every(Number.isFinite)) return "a range is written 5 to 50 step 5";
  if (width <= 0) return "the step must be more than 0";
  if (last < first) return "a range goes up";
  const count = Math.floor((last - first) / width + 1e-9) + 1;
  if (count > MOST_RUNS) return `has more than ${MOST_RUNS} values`;
  const decimals = Math.max(...[from, step].map(decimalsOf));
  return Array.from({ length: count }, (_, place) =>
    String(Number((first + place * width).toFixed(decimals))),
  );
}

function decimalsOf(text: string): number {
  return Math.min(12, text.split(".")[1]?.length ?? 0);
}

/** How many combinations the values of all parameters have. */
export function combinations(draft: Draft, parameters: readonly Parameter[]): number {
  const counts = parameters.map((one) => valuesIn(one, textOf(draft, one)).texts.length);
  return counts.reduce((product, count) => product * count, 1);
}

/** What is wrong with a sweep, by the fields of the form; GRID for the whole. */
export function sweepComplaints(draft: Draft, parameters: readonly Parameter[]): Complaints {
  const own = complaintsAbout(draft, parameters, (one, text) => valuesIn(one, text).wrong);
  const count = combinations(draft, parameters);
  if (count > MOST_RUNS) {
    return { ...own, [GRID]: `${MOST_RUNS} runs at most: leave out some values` };
  }
  if (count === 1) return { ...own, [GRID]: "give a parameter several values, such as 5, 10, 20" };
  return own;
}

/** The request of a draft without complaints. */
export function sweepOf(
  draft: Draft,
  parameters: readonly Parameter[],
  options: SweepOptions,
): SweepRequest {
  const grid: Record<string, unknown[]> = {};
  for (const one of parameters) {
    const { texts } = valuesIn(one, textOf(draft, one));
    if (texts.length > 1) grid[one.name] = texts.map((text) => valueOf(one, text));
  }
  const single = parameters.filter((one) => !(one.name in grid));
  return { ...requestOf(draft, single), ...options, grid };
}

/** The service's words at the fields of the form, where a parameter has one name. */
export function placed(refused: Complaints): Complaints {
  const named = Object.entries(refused).map(([field, text]) => [
    field.replace(/^grid\./, "params."),
    text,
  ]);
  return Object.fromEntries(named) as Complaints;
}
