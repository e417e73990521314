import { useQuery } from "@tanstack/react-query";

import { notifications } from "../../api/alertQueries";
import { Button } from "../../components/Button";
import { Menu } from "../../components/Menu";
import { Empty } from "../../components/states";
import { Time } from "../../components/Time";
import type { TextRange } from "../../grafana/range";
import tool from "../../components/toolField.module.css";
import { episodesOf } from "../alerts/grouping";
import { incidentRange } from "../alerts/links";

const OFFERED = 20;

/** The time around an alert of which somebody was told. */
export function FromAlert({ change }: { change: (changed: TextRange) => void }) {
  const episodes = episodesOf(useQuery(notifications).data ?? []);
  return (
    <div className={tool.field}>
      <span>Around</span>
      <Menu label="Around an alert" text="an alert">
        {episodes.slice(0, OFFERED).map((one) => (
          <Button key={one.id} small onClick={() => change(incidentRange(one))}>
            {one.name} <Time at={one.starts_at} relative />
          </Button>
        ))}
        {!episodes.length && <Empty>Nobody was told of anything yet.</Empty>}
      </Menu>
    </div>
  );
}
