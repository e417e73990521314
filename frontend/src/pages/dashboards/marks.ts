/** Moments that matter to all panels, which the board's annotations name. */

import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";

import { api, content } from "../../api/client";
import { token } from "../../grafana/colours";
import type { Annotation, RangeSeries } from "../../grafana/model";
import { gridOf, type Grid } from "../../grafana/range";
import { legend } from "../../grafana/series";
import { fillQuery } from "../../grafana/variables";
import { useBoard } from "./BoardContext";
import type { Mark } from "./chart/picture";

const NONE: readonly Mark[] = [];
const POINTS = 200;
const MOST = 40;

/** One mark where each series of an annotation begins, and where it begins again. */
export function marksOf(one: Annotation, series: readonly RangeSeries[], grid: Grid): Mark[] {
  const all = series.flatMap(({ metric, values }) => {
    const text = [one.titleFormat, one.textFormat]
      .filter(Boolean)
      .map((format) => legend(format, metric))
      .join(": ");
    const starts = values.filter(([time], place) => {
      const before = values[place - 1]?.[0] ?? -Infinity;
      return time - before > 1.5 * grid.step;
    });
    return starts.map(([time]) => ({ time, token: token(one.iconColor), text }));
  });
  // What was so before the window began did not begin there.
  return all.filter(({ time }) => time > grid.from + grid.step / 2).slice(0, MOST);
}

/** Those of the board that is shown. */
export function useMarks(): readonly Mark[] {
  const { board, values, window } = useBoard();
  const grid = gridOf(window, POINTS);
  const wanted = (board.annotations?.list ?? []).filter(({ enable, expr }) => enable && expr);
  const all = wanted.map(({ expr = "" }) => fillQuery(expr, board, values, grid));
  const query = useQuery(
    queryOptions({
      queryKey: ["marks", all, grid],
      queryFn: async ({ signal }) => {
        const given = { start: grid.from, end: grid.to, step: grid.step };
        const answers = await Promise.all(
          all.map((query) =>
            content(
              api.GET("/api/prometheus/query_range", {
                params: { query: { query, ...given } },
                signal,
              }),
            ),
          ),
        );
        return wanted.flatMap((one, place) =>
          marksOf(one, (answers[place]?.data.result ?? []) as RangeSeries[], grid),
        );
      },
      enabled: all.length > 0,
      placeholderData: keepPreviousData,
      staleTime: Infinity,
      gcTime: 60_000,
    }),
  );
  return query.data ?? NONE;
}
