import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { Async } from "../../components/states";
import type { Board } from "../../grafana/model";
import { absolute, type TextRange, widened, type Window } from "../../grafana/range";
import { valuesOf } from "../../grafana/variables";
import { BoardContext, PlaceContext, type Shown } from "../dashboards/BoardContext";
import { board } from "../dashboards/data";
import { Sections } from "../dashboards/Sections";
import { sectionsOf } from "../dashboards/layout";
import { keyPanels } from "./panels";

const UID = "nautobs-incident";

interface Props {
  range: TextRange;
  window: Window;
  change: (changed: TextRange) => void;
}

/** The board's charts over the time; what its tables show stands on the page, out of the bundle. */
export default function KeyPanels(props: Props) {
  const query = useQuery(board(UID));
  return (
    <Async query={query} what="the charts" lines={6}>
      {(found) => <Charts board={found} {...props} />}
    </Async>
  );
}

function Charts({ board, range, window, change }: Props & { board: Board }) {
  const place = useMemo(() => ({ uid: UID, values: valuesOf(board, {}), range }), [board, range]);
  const shown = useMemo((): Shown => {
    const zoom = (to: Window) => change(absolute(to));
    const zoomOut = () => zoom(widened(window, Date.now() / 1_000));
    return { ...place, board, window, zoom, zoomOut };
  }, [place, board, window, change]);
  const panels = useMemo(() => keyPanels(sectionsOf(board.panels)), [board]);
  return (
    <PlaceContext value={place}>
      <BoardContext value={shown}>
        <Sections panels={panels} alone={false} />
      </BoardContext>
    </PlaceContext>
  );
}
