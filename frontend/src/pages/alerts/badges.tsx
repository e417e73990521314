import type { ActiveAlert } from "../../api/types";
import { Badge, type Tone } from "../../components/Badge";

type State = ActiveAlert["state"] | "resolved";

const TONES: Record<State, Tone> = {
  firing: "bad",
  pending: "warn",
  inhibited: "plain",
  silenced: "plain",
  resolved: "good",
};

export function stateTone(state: State): Tone {
  return TONES[state];
}

const SEVERITIES: Record<string, Tone> = { page: "bad", ticket: "warn" };

export function SeverityBadge({ severity }: { severity: string }) {
  return <Badge tone={SEVERITIES[severity] ?? "plain"}>{severity || "no severity"}</Badge>;
}
