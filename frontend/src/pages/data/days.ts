/** Raw days and files in short. */

import type { RawDay, RawFile } from "../../api/types";
import type { Tone } from "../../components/Badge";

export interface DayLine {
  day: string;
  files: number;
  converted: number;
  /** Failed, unreadable, or described by no dataset. */
  wrong: number;
  rows: number;
  rejected: number;
  size: number;
}

export interface State {
  tone: Tone;
  word: string;
  /** What the word means, or what went wrong. */
  why: string;
}

/** The newest first. */
export function daysOf(days: readonly RawDay[]): DayLine[] {
  const lines = days.map(({ day, files }) => ({
    day,
    files: files.length,
    converted: files.filter((file) => stateOf(file).word === "converted").length,
    wrong: files.filter((file) => stateOf(file).tone === "bad").length,
    rows: sum(files, (file) => file.rows),
    rejected: sum(files, (file) => file.rows_rejected),
    size: sum(files, (file) => file.size),
  }));
  return lines.sort((one, other) => (one.day < other.day ? 1 : -1));
}

function sum(files: readonly RawFile[], of: (file: RawFile) => number | null | undefined): number {
  return files.reduce((total, file) => total + (of(file) ?? 0), 0);
}

const MEANING: Record<RawFile["state"], State> = {
  converted: { tone: "good", word: "converted", why: "The catalog holds what this file says." },
  stale: {
    tone: "warn",
    word: "stale",
    why: "The file, its description or its outputs have changed since it was converted.",
  },
  new: { tone: "plain", word: "new", why: "It was never converted." },
  unmatched: {
    tone: "bad",
    word: "unmatched",
    why: "No [[dataset]] table of the datasets file matches its name.",
  },
};

/** How a file is; what went wrong wins over everything else. */
export function stateOf(file: RawFile): State {
  if (file.error) return { tone: "bad", word: "unreadable", why: file.error };
  if (file.failure) return { tone: "bad", word: "failed", why: file.failure.error };
  return MEANING[file.state];
}
