/** What all panels of a board share. */

import { createContext, use } from "react";

import type { Board } from "../../grafana/model";
import type { TextRange, Window } from "../../grafana/range";
import type { Values } from "../../grafana/variables";
import type { OfPanels } from "./boardSearch";

export interface Shown {
  board: Board;
  values: Values;
  /** As the address holds it. */
  range: TextRange;
  /** Unix seconds. */
  window: Window;
  /** All panels show this window. */
  zoom: (window: Window) => void;
  zoomOut: () => void;
}

/** What links to other boards take along; it stays while time goes on. */
export interface Place extends Pick<Shown, "values" | "range"> {
  /** Of the board, which may be drawn on another page. */
  uid: string;
}

export const PlaceContext = createContext<Place | null>(null);

export function usePlace(): Place {
  const place = use(PlaceContext);
  if (!place) throw new Error("there is no board around");
  return place;
}

/** Rows that were turned over, by their ids. */
export interface Rows {
  turned: readonly number[];
  turn: (row: number) => void;
}

/** Null where no address holds them: each row keeps to itself. */
export const RowsContext = createContext<Rows | null>(null);

/** Keeps what one panel shows otherwise than its board has it. */
export type Keep = (name: OfPanels, panel: number, text: string | null) => void;

/** Null where no address holds it: each panel keeps to itself. */
export const KeepContext = createContext<Keep | null>(null);

export const BoardContext = createContext<Shown | null>(null);

export function useBoard(): Shown {
  const shown = use(BoardContext);
  if (!shown) throw new Error("there is no board around");
  return shown;
}
