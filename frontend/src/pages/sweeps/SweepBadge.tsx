import type { SweepSummary } from "../../api/types";
import { Badge, type Tone } from "../../components/Badge";

const TONES: Record<SweepSummary["status"], Tone> = {
  running: "info",
  done: "good",
  cancelled: "warn",
};

export function SweepBadge({ status }: { status: SweepSummary["status"] }) {
  return <Badge tone={TONES[status]}>{status}</Badge>;
}
