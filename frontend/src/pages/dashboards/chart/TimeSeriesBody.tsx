import { useMemo } from "react";

import { fieldConfig } from "../../../grafana/model";
import { panelLines } from "../../../grafana/series";
import { inUnit } from "../../../grafana/units";
import { NoValue } from "../NoValue";
import type { BodyProps } from "../bodies";
import { traceHref } from "../traceLink";
import { useKept } from "../useKept";
import { BoardChart } from "./BoardChart";
import { Legend } from "./Legend";
import { linesPicture, thinned } from "./lines";

export default function TimeSeriesBody({ panel, data, exemplars, marks }: BodyProps) {
  const [only, setOnly] = useKept("only", panel.id);
  const { unit } = fieldConfig(panel);
  const lines = useMemo(() => panelLines(panel, data.answers, data.grid), [panel, data]);
  const shown = lines.lines.some(({ label }) => label === only) ? only : null;
  const dots = useMemo(
    () =>
      thinned(
        exemplars.map(({ trace, span, time, value }) => ({
          time,
          y: value,
          href: traceHref(trace, span),
          label: `Open the trace of ${inUnit(value, unit)}`,
        })),
        data.grid,
      ),
    [exemplars, data, unit],
  );
  const picture = useMemo(
    () => linesPicture({ panel, grid: data.grid, lines, only: shown, dots, marks }),
    [panel, data, lines, shown, dots, marks],
  );
  if (!lines.lines.length) return <NoValue panel={panel} />;
  return (
    <>
      <BoardChart label={`${panel.title} over time`} picture={picture} />
      {panel.options?.legend?.showLegend !== false && (
        <Legend
          lines={lines.lines}
          calcs={panel.options?.legend?.calcs ?? []}
          unit={unit}
          only={shown}
          setOnly={setOnly}
        />
      )}
    </>
  );
}
