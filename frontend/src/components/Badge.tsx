import type { JobStatus } from "../api/types";
import styles from "./Badge.module.css";

export type Tone = "good" | "warn" | "bad" | "info" | "plain";

const TONES: Record<JobStatus, Tone> = {
  queued: "plain",
  running: "info",
  ok: "good",
  error: "bad",
  cancelled: "warn",
  timeout: "bad",
  killed: "bad",
};

/** A word whose colour says how good it is; the word says it too. */
export function Badge({ tone, children }: { tone: Tone; children: string }) {
  const colour = tone === "plain" ? "" : styles[tone];
  return <span className={[styles.badge, colour].filter(Boolean).join(" ")}>{children}</span>;
}

export function StatusBadge({ status }: { status: JobStatus }) {
  return <Badge tone={TONES[status]}>{status}</Badge>;
}
