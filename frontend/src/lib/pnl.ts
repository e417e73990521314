import { amount, NOTHING } from "./format";

/** `12.50 USD, -3.00 BTC`. */
export function pnlText(pnl: Record<string, number> | undefined): string {
  const all = Object.entries(pnl ?? {}).map(([currency, value]) => `${amount(value)} ${currency}`);
  return all.join(", ") || NOTHING;
}
