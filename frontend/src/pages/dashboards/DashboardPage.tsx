import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";

import { boards } from "../../api/queries";
import { Page } from "../../components/Page";
import { Async, Empty } from "../../components/states";
import type { Board } from "../../grafana/model";
import { absolute, isLive, lengthOf, resolve, widened, type Window } from "../../grafana/range";
import { valuesOf } from "../../grafana/variables";
import { afterPaint } from "../../lib/afterPaint";
import { useEscape } from "../../lib/useEscape";
import { useNow } from "../../lib/useNow";
import {
  BoardContext,
  type Keep,
  KeepContext,
  PlaceContext,
  type Rows,
  RowsContext,
  type Shown,
} from "./BoardContext";
import {
  type BoardSearch,
  type Change,
  panelId,
  rowsIn,
  rowsWith,
  valuesIn,
  withPanel,
} from "./boardSearch";
import { board as boardQuery } from "./data";
import { Sections } from "./Sections";
import { Toolbar } from "./Toolbar";

const BOARD = "/dashboards/$uid";

/** One board: the address holds all that can be chosen on it. */
export default function DashboardPage() {
  const { uid } = useParams({ from: BOARD });
  const query = useQuery(boardQuery(uid));
  const titles = useQuery(boards).data;
  const title = query.data?.title ?? titles?.find((one) => one.uid === uid)?.title ?? "Dashboard";
  return query.data ? (
    <Opened key={uid} board={query.data} />
  ) : (
    <Page title={title}>
      <Async query={query} what="the board" lines={8}>
        {() => null}
      </Async>
    </Page>
  );
}

function Opened({ board }: { board: Board }) {
  const search = useSearch({ from: BOARD });
  const navigate = useNavigate({ from: BOARD });
  const range = useMemo(
    () => ({
      from: search.from ?? board.time?.from ?? "now-1h",
      to: search.to ?? board.time?.to ?? "now",
    }),
    [search.from, search.to, board],
  );
  const refresh = search.refresh ?? board.refresh ?? "";
  // The address is a new object each time; its variables seldom change.
  const given = JSON.stringify(valuesIn(search));
  const every = isLive(range) ? lengthOf(refresh) : null;
  const [now, update] = useNow(every, [range.from, range.to, refresh, given].join(" "));
  // Panels are drawn again, and on a large board even beginning to takes a while: the press is seen
  // before.
  const change = useCallback<Change>(
    (changed) => {
      afterPaint(() => {
        const to = typeof changed === "function" ? changed : () => changed;
        void navigate({ search: (before) => ({ ...before, ...to(before) }), resetScroll: false });
      });
    },
    [navigate],
  );
  const place = useMemo(
    () => ({
      uid: board.uid,
      values: valuesOf(board, JSON.parse(given) as Record<string, string[]>),
      range,
    }),
    [board, given, range],
  );
  const shown = useMemo((): Shown => {
    const window = resolve(range, now);
    const zoom = (to: Window) => change({ ...absolute(to) });
    return {
      ...place,
      board,
      window,
      zoom,
      zoomOut: () => zoom(widened(window, Date.now() / 1_000)),
    };
  }, [board, place, range, now, change]);
  const look = useCallback(
    (changed: (before: BoardSearch) => BoardSearch) => {
      afterPaint(() => {
        const search = (before: BoardSearch) => ({ ...before, ...changed(before) });
        void navigate({ search, replace: true, resetScroll: false });
      });
    },
    [navigate],
  );
  const turnedRows = search.rows;
  const rows = useMemo(
    (): Rows => ({
      turned: rowsIn({ rows: turnedRows }),
      turn: (row) => look((before) => ({ rows: rowsWith(rowsIn(before), row) })),
    }),
    [turnedRows, look],
  );
  const keep = useCallback<Keep>(
    (name, panel, text) => look((before) => ({ [name]: withPanel(before[name], panel, text) })),
    [look],
  );
  const opened = panelId(search);
  useEscape(opened === null ? null : () => change({ viewPanel: undefined }));
  const only = board.panels.find((panel) => panel.id === opened && panel.type !== "row");
  return (
    <PlaceContext value={place}>
      <BoardContext value={shown}>
        <Page title={board.title}>
          <Toolbar refresh={refresh} change={change} update={update} />
          {opened !== null && !only && (
            <Empty>
              <span>This board has no panel {opened}: here are all.</span>
            </Empty>
          )}
          <RowsContext value={rows}>
            <KeepContext value={keep}>
              <Sections panels={only ? [only] : board.panels} alone={only !== undefined} />
            </KeepContext>
          </RowsContext>
        </Page>
      </BoardContext>
    </PlaceContext>
  );
}
