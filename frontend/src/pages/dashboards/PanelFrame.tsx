import { useQuery } from "@tanstack/react-query";
import {
  type ComponentType,
  lazy,
  memo,
  Suspense,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
} from "react";

import { Failed, Loading, Stale } from "../../components/states";
import { useLast } from "../../lib/useLast";
import { useWidth } from "../../lib/useWidth";
import { fieldConfig, type Panel } from "../../grafana/model";
import { aboutPanel } from "../../grafana/support";
import { useBoard } from "./BoardContext";
import { BoardLink } from "./BoardLink";
import type { BodyProps } from "./bodies";
import type { Mark } from "./chart/picture";
import { exemplarQuery, panelQuery } from "./data";
import styles from "./Panel.module.css";
import { StatBody } from "./StatBody";
import { TextBody } from "./TextBody";
import { TracesBody } from "./TracesBody";
import { useVisible } from "./useVisible";
import { ViewLink } from "./ViewLink";

// The board is drawn before uPlot is there.
const PARTS = {
  heatmap: () => import("./chart/HeatmapBody"),
  "state-timeline": () => import("./chart/TimelineBody"),
  table: () => import("./TableBody"),
  timeseries: () => import("./chart/TimeSeriesBody"),
};
const LOADED: Partial<Record<string, () => Promise<unknown>>> = PARTS;
const BODIES: Partial<Record<string, ComponentType<BodyProps>>> = {
  heatmap: lazy(PARTS.heatmap),
  stat: StatBody,
  "state-timeline": lazy(PARTS["state-timeline"]),
  table: lazy(PARTS.table),
  timeseries: lazy(PARTS.timeseries),
};
const QUIET = ["stat", "table"];
const NONE: never[] = [];

interface Props {
  panel: Panel;
  marks: readonly Mark[];
  /** It is the only one shown. */
  alone: boolean;
}

/** A panel: its title, where it leads, and its body in whatever state that is. */
export const PanelFrame = memo(function PanelFrame({ panel, marks, alone }: Props) {
  const id = useId();
  if (panel.type === "text") return <TextBody panel={panel} />;
  // Panels stand below the rows of the board; alone, below its title.
  const Title = alone ? "h2" : "h3";
  const links = QUIET.includes(panel.type) ? NONE : (fieldConfig(panel).links ?? NONE);
  return (
    <article className={styles.panel} aria-labelledby={id} aria-describedby={`${id}-about`}>
      <header className={styles.head}>
        <Title id={id} title={panel.description}>
          {panel.title}
        </Title>
        <div className={styles.links}>
          {links.map((link) => (
            <BoardLink key={link.url} link={link} />
          ))}
          <ViewLink panel={panel} alone={alone} />
        </div>
      </header>
      <p id={`${id}-about`} className={alone ? styles.about : "visually-hidden"}>
        {panel.description}
      </p>
      <Body panel={panel} marks={marks} />
    </article>
  );
});

function Body({ panel, marks }: Omit<Props, "alone">) {
  const kind = BODIES[panel.type];
  const wrong = aboutPanel(panel);
  if (panel.type === "traces") return <TracesBody panel={panel} />;
  if (!kind || wrong.length) return <p className={styles.nothing}>{wrong.join(" ")}</p>;
  return <Queried panel={panel} marks={marks} kind={kind} />;
}

interface QueriedProps extends Omit<Props, "alone"> {
  kind: ComponentType<BodyProps>;
}

function Queried({ panel, marks, kind: Kind }: QueriedProps) {
  const { board, values, range, window } = useBoard();
  const place = useRef<HTMLDivElement>(null);
  const visible = useVisible(place);
  const width = useWidth(place);
  const view = { board, values, window, pixels: width };
  const asked = panelQuery(panel, view);
  const query = useQuery({ ...asked, enabled: visible && width > 0 });
  const wanted = exemplarQuery(panel, view);
  const exemplars = useQuery({
    ...wanted,
    enabled: wanted.enabled === true && query.isSuccess && !query.isPlaceholderData && visible,
  });
  // The part is fetched while its values are asked for.
  useEffect(() => void LOADED[panel.type]?.(), [panel.type]);
  const { data, at } = useLast(query, JSON.stringify([panel.id, values, range]));
  const events = exemplars.data ?? NONE;
  // Time goes on every few seconds: what has no new values is not drawn again.
  const body = useMemo(
    () => data && <Kind panel={panel} data={data} exemplars={events} marks={marks} />,
    [Kind, panel, data, events, marks],
  );
  const retry = () => void query.refetch();
  const busy = query.isFetching || exemplars.isFetching;
  return (
    <div ref={place} className={styles.body} aria-busy={busy}>
      {data === undefined ? (
        query.error ? (
          <div className={styles.failed}>
            <Failed error={query.error} retry={retry} />
          </div>
        ) : (
          <Loading what={panel.title} lines={2} />
        )
      ) : (
        <>
          {query.error && <Stale at={at} error={query.error} retry={retry} />}
          <Late busy={query.isPlaceholderData} />
          <Suspense fallback={<Loading what={panel.title} lines={2} />}>{body}</Suspense>
        </>
      )}
    </div>
  );
}

const LATE_MS = 400;

/** A thin line at the top when the next values take long. */
function Late({ busy }: { busy: boolean }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (!busy) return;
    const timer = setTimeout(() => setLate(true), LATE_MS);
    return () => {
      clearTimeout(timer);
      setLate(false);
    };
  }, [busy]);
  return late ? <progress className={styles.late} aria-label="Loading" /> : null;
}

/** What a panel shows, for pages that frame it themselves; a board must be around. */
export { Body as PanelBody };
