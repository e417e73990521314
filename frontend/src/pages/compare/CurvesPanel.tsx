import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { result } from "../../api/queries";
import { Chart } from "../../components/Chart";
import { Panel } from "../../components/Panel";
import { Empty, Loading } from "../../components/states";
import { percent } from "../../lib/format";
import { curvesOf } from "./curves";

const gain = (value: number) => percent(value, 3);

/** Both equity curves in one chart. */
export function CurvesPanel({ a, b }: { a: string; b: string }) {
  const left = useQuery(result(a));
  const right = useQuery(result(b));
  const found = useMemo(
    () => left.data && right.data && curvesOf(left.data, right.data),
    [left.data, right.data],
  );
  const series = useMemo(
    () =>
      found && [
        { label: "A", values: found.a },
        { label: "B", values: found.b },
      ],
    [found],
  );
  // Whoever is missing is said to be, above.
  if (left.error ?? right.error) return null;
  const moved = found && found.moved !== 0 && "the windows are apart: B is moved to A's beginning";
  return (
    <Panel title="Equity" note={moved || "gain since the beginning"}>
      {!found || !series ? (
        <Loading what="the equity curves" lines={5} />
      ) : found.times.length < 2 ? (
        <Empty>Neither run has an equity curve.</Empty>
      ) : (
        <Chart
          label="Gain of both runs over time"
          times={found.times}
          series={series}
          format={gain}
        />
      )}
    </Panel>
  );
}
