/** The form of a backtest: what it holds, what is wrong with it, and the request it stands for. */

import type { BacktestRequest } from "../../api/types";
import { fromUtcInput, toUtcInput } from "../../lib/time";
import { complaint, type Parameter, valueOf } from "./parameters";

/** What is run over: ticks of a kind, or bars of a type. */
export interface Series {
  instrument_id: string;
  kind: BacktestRequest["kind"];
  bar_type?: string | null | undefined;
}

/** All as text, as controls hold it. */
export interface Draft extends Series {
  start: string;
  end: string;
  strategy: string;
  params: Readonly<Record<string, string>>;
  starting_balances: string;
  oms_type: "NETTING" | "HEDGING";
  account_type: "MARGIN" | "CASH";
}

export type Complaints = Readonly<Record<string, string>>;

/** What is wrong, by the name that the service has for the field. */
export function complaintsAbout(
  draft: Draft,
  parameters: readonly Parameter[],
  wrongWith: (parameter: Parameter, text: string) => string | undefined = complaint,
): Complaints {
  const found: Record<string, string> = {};
  if (!draft.instrument_id) found.instrument_id = "is needed";
  if (!draft.strategy) found.strategy = "is needed";
  const start = fromUtcInput(draft.start);
  const end = fromUtcInput(draft.end);
  if (!start) found.start = "must be a time";
  if (!end) found.end = "must be a time";
  if (start && end && end <= start) found.end = "must be after the start";
  for (const parameter of parameters) {
    const wrong = wrongWith(parameter, textOf(draft, parameter));
    if (wrong) found[`params.${parameter.name}`] = wrong;
  }
  return found;
}

export function textOf(draft: Draft, parameter: Parameter): string {
  return draft.params[parameter.name] ?? parameter.initial;
}

/** The request of a draft without complaints. Parameters at their defaults are left out. */
export function requestOf(draft: Draft, parameters: readonly Parameter[]): BacktestRequest {
  const changed = parameters.filter((one) => textOf(draft, one) !== one.initial);
  const balances = draft.starting_balances.split(",").map((one) => one.trim());
  const given = balances.filter(Boolean);
  return {
    instrument_id: draft.instrument_id,
    kind: draft.kind,
    ...(draft.bar_type ? { bar_type: draft.bar_type } : {}),
    start: fromUtcInput(draft.start) ?? "",
    end: fromUtcInput(draft.end) ?? "",
    strategy: draft.strategy,
    params: Object.fromEntries(changed.map((one) => [one.name, valueOf(one, textOf(draft, one))])),
    venue: { oms_type: draft.oms_type, account_type: draft.account_type },
    ...(given.length ? { starting_balances: given } : {}),
  };
}

/** The draft that asks for the same again. */
export function draftOf(request: BacktestRequest): Draft {
  const params = Object.entries(request.params ?? {});
  return {
    instrument_id: request.instrument_id,
    kind: request.kind,
    bar_type: request.bar_type,
    start: toUtcInput(new Date(request.start)),
    end: toUtcInput(new Date(request.end)),
    strategy: request.strategy,
    params: Object.fromEntries(
      params.map(([name, value]) => [name, value == null ? "" : String(value as string | number)]),
    ),
    starting_balances: (request.starting_balances ?? []).join(", "),
    oms_type: request.venue?.oms_type ?? "NETTING",
    account_type: request.venue?.account_type ?? "MARGIN",
  };
}
