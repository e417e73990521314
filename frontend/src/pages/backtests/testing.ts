/** What tests of the form share. */

import type { Draft } from "./request";

export const DRAFT: Draft = {
  instrument_id: "EUR/USD.SIM",
  kind: "quote",
  start: "2024-01-15T00:00:00",
  end: "2024-01-15T01:00:00",
  strategy: "ema_cross",
  params: {},
  starting_balances: "",
  oms_type: "NETTING",
  account_type: "MARGIN",
};

/** The one of that name. Throws where there is none. */
export function named<T extends { name: string }>(all: readonly T[], name: string): T {
  const found = all.find((one) => one.name === name);
  if (!found) throw new Error(`no parameter ${name}`);
  return found;
}
