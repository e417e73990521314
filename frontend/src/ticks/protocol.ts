/** What page and worker tell each other. Arrays are handed over, never copied. */

import type { Problem } from "../api/problem";

export interface LoadRequest {
  type: "load";
  /** Names the load in all answers. */
  load: number;
  address: string;
  traceparent: string;
  time: string;
  columns: readonly string[];
  /** How many of the columns are lines; the others are carried along. */
  lines: number;
  /** The most rows that may come. */
  limit: number;
}

export interface ViewRequest {
  type: "view";
  load: number;
  view: number;
  /** Unix seconds; null: everything. */
  window: { from: number; to: number } | null;
  pixels: number;
}

export type ToWorker = LoadRequest | ViewRequest;

export interface Progress {
  type: "progress";
  load: number;
  /** Here so far. */
  rows: number;
  /** That will come. */
  expected: number;
}

export interface Loaded {
  type: "loaded";
  load: number;
  rows: number;
  /** How many the window holds without the limit. */
  inWindow: number;
  /** Times of the first and the last one, Unix seconds. */
  from: number;
  to: number;
}

export interface Drawn {
  type: "view";
  load: number;
  view: number;
  from: number;
  to: number;
  times: Float64Array;
  columns: Float64Array[];
  /** Ticks in the window; as many points as `times` stand for them. */
  inside: number;
  /** Whether everything had arrived. */
  whole: boolean;
}

export interface LoadFailed {
  type: "failed";
  load: number;
  /** Absent where no answer came. */
  problem?: Problem;
  message: string;
}

export type FromWorker = Progress | Loaded | Drawn | LoadFailed;
