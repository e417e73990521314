import { useMemo } from "react";

import { heatmapOf, rowOf } from "../../../grafana/heatmap";
import { fieldConfig, type RangeSeries } from "../../../grafana/model";
import { inUnit } from "../../../grafana/units";
import { NoValue } from "../NoValue";
import type { BodyProps } from "../bodies";
import { traceHref } from "../traceLink";
import { BoardChart } from "./BoardChart";
import { heatPicture } from "./heat";
import { thinned } from "./lines";

export default function HeatmapBody({ panel, data, exemplars }: BodyProps) {
  const { unit } = fieldConfig(panel);
  const map = useMemo(() => heatmapOf((data.answers as RangeSeries[][]).flat(), data.grid), [data]);
  const picture = useMemo(() => {
    const dots = exemplars.flatMap(({ trace, span, time, value }) => {
      const y = rowOf(value, map);
      const label = `Open the trace of ${inUnit(value, unit)}`;
      return y === null ? [] : [{ time, y, href: traceHref(trace, span), label }];
    });
    return heatPicture(panel, data.grid, map, thinned(dots, data.grid));
  }, [panel, data, map, exemplars, unit]);
  if (map.most === 0) return <NoValue panel={panel} />;
  return <BoardChart label={`${panel.title} as a heat map over time`} picture={picture} />;
}
