/** What is drawn of each kind of data that the catalog holds. */

export type Kind = "quote" | "trade" | "bar";

export interface Line {
  /** Column of the stream. */
  column: string;
  label: string;
  /** Named token of its colour: `series-1`. */
  token: string;
}

export interface Drawing {
  /** What one is called. */
  one: string;
  many: string;
  lines: readonly Line[];
  /** Columns that are told under the pointer. */
  told: readonly { column: string; label: string; price?: true }[];
  /** How a value holds on: until the next one, or on the way to it. */
  shape: "steps" | "line";
  /** Whether these are bars: high, low, close, and the open that is told. */
  candles: boolean;
}

/** The catalog's order, strictly ascending. */
export const TIME = "ts_init";

export const DRAWINGS: Record<Kind, Drawing> = {
  quote: {
    one: "quote",
    many: "quotes",
    lines: [
      { column: "ask_price", label: "Ask", token: "series-2" },
      { column: "bid_price", label: "Bid", token: "series-1" },
    ],
    told: [],
    shape: "steps",
    candles: false,
  },
  trade: {
    one: "trade",
    many: "trades",
    lines: [{ column: "price", label: "Price", token: "series-1" }],
    told: [{ column: "size", label: "Size" }],
    shape: "line",
    candles: false,
  },
  bar: {
    one: "bar",
    many: "bars",
    lines: [
      { column: "high", label: "High", token: "series-7" },
      { column: "low", label: "Low", token: "series-7" },
      { column: "close", label: "Close", token: "series-1" },
    ],
    told: [
      { column: "open", label: "Open", price: true },
      { column: "volume", label: "Volume" },
    ],
    shape: "line",
    candles: true,
  },
};

export const KINDS = Object.keys(DRAWINGS) as readonly Kind[];

/** Columns of a kind without its time, those of lines first. */
export function columnsFor(kind: Kind): string[] {
  const { lines, told } = DRAWINGS[kind];
  return [...lines, ...told].map((one) => one.column);
}
