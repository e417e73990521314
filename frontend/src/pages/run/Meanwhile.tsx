import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useId, useMemo, useState } from "react";

import type { BacktestResult } from "../../api/types";
import { Async } from "../../components/states";
import type { Board, Panel } from "../../grafana/model";
import { type Window, widened } from "../../grafana/range";
import { valuesOf } from "../../grafana/variables";
import { BoardContext, PlaceContext, type Shown } from "../dashboards/BoardContext";
import type { Mark } from "../dashboards/chart/picture";
import { board as boardQuery } from "../dashboards/data";
import { PanelBody } from "../dashboards/PanelFrame";
import styles from "./Meanwhile.module.css";
import { around, CHOSEN, chosenOf, rangeOf } from "./meanwhile";

/** Charts of the boards over the time around the run; zooming one zooms all. */
export default function Meanwhile({ run }: { run: BacktestResult }) {
  const [window, zoom] = useState(() => around(run));
  const marks = useMemo(
    (): Mark[] => [
      { time: new Date(run.created_at).getTime() / 1000, token: "series-3", text: "run began" },
      { time: new Date(run.finished_at).getTime() / 1000, token: "series-3", text: "run ended" },
    ],
    [run],
  );
  return (
    <div className={styles.charts}>
      {CHOSEN.map(([uid, titles]) => (
        <Part key={uid} uid={uid} titles={titles} window={window} zoom={zoom} marks={marks} />
      ))}
    </div>
  );
}

interface PartProps {
  uid: string;
  titles: readonly string[];
  window: Window;
  zoom: (window: Window) => void;
  marks: readonly Mark[];
}

function Part({ uid, titles, window, zoom, marks }: PartProps) {
  const query = useQuery(boardQuery(uid));
  return (
    <Async query={query} what="the board" lines={4}>
      {(board) => <Charts board={board} {...{ titles, window, zoom, marks }} />}
    </Async>
  );
}

function Charts({ board, titles, window, zoom, marks }: Omit<PartProps, "uid"> & { board: Board }) {
  const shown = useMemo((): Shown & { uid: string } => {
    const zoomOut = () => zoom(widened(window, Date.now() / 1000));
    const [values, range] = [valuesOf(board, {}), rangeOf(window)];
    return { uid: board.uid, board, values, range, window, zoom, zoomOut };
  }, [board, window, zoom]);
  return (
    <PlaceContext value={shown}>
      <BoardContext value={shown}>
        {chosenOf(board, titles).map((panel) => (
          <Framed key={panel.id} panel={panel} shown={shown} marks={marks} />
        ))}
      </BoardContext>
    </PlaceContext>
  );
}

interface FramedProps {
  panel: Panel;
  shown: Shown;
  marks: readonly Mark[];
}

/** A chart under a title that leads to it on its board. */
function Framed({ panel, shown, marks }: FramedProps) {
  const id = useId();
  return (
    <article className={styles.chart} aria-labelledby={id}>
      <h3 id={id} title={panel.description}>
        <Link
          to="/dashboards/$uid"
          params={{ uid: shown.board.uid }}
          search={{ ...shown.range, viewPanel: String(panel.id) }}
        >
          {panel.title}
        </Link>
      </h3>
      <PanelBody panel={panel} marks={marks} />
    </article>
  );
}
