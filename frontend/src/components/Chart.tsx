/** A line chart: follows its width and the colours of the system; drag to zoom, click twice to leave. */

import { lazy, Suspense } from "react";

import { Loading } from "./states";
import type { ChartProps } from "./UPlotChart";

export type { Mark } from "./chartMarks";
export type { ChartProps, Series } from "./UPlotChart";

// uPlot is loaded with the first chart.
const UPlotChart = lazy(() => import("./UPlotChart"));

export function Chart(props: ChartProps) {
  return (
    <Suspense fallback={<Loading what="the chart" lines={4} />}>
      <UPlotChart {...props} />
    </Suspense>
  );
}
