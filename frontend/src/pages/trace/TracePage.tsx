import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";

import { trace } from "../../api/traceQueries";
import { CopyButton } from "../../components/CopyButton";
import { Page } from "../../components/Page";
import { Panel } from "../../components/Panel";
import { TraceView } from "../../components/waterfall/TraceView";
import { TraceHead, TraceLinks, traceTitle } from "./TraceHead";
import styles from "./TracePage.module.css";

const route = getRouteApi("/traces/$traceId");
const DIGITS = 32;

/** One trace as a waterfall. */
export default function TracePage() {
  const { traceId } = route.useParams();
  const { span } = route.useSearch();
  const navigate = route.useNavigate();
  const id = traceId.toLowerCase().padStart(DIGITS, "0");
  const found = useQuery(trace(id)).data;
  return (
    <Page
      title={found ? traceTitle(found) : "Trace"}
      note={
        <>
          <code className={`muted ${styles.id ?? ""}`}>{id}</code>{" "}
          <CopyButton text={id} what="the trace's id" />
        </>
      }
      tools={found && <TraceLinks trace={found} />}
    >
      <Panel title="Waterfall" note={found && <TraceHead trace={found} />} className={styles.panel}>
        <TraceView
          key={id}
          id={id}
          chosen={span}
          onChoose={(chosen) =>
            void navigate({ search: { span: chosen }, replace: true, resetScroll: false })
          }
        />
      </Panel>
    </Page>
  );
}
