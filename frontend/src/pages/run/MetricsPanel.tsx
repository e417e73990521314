import { lazy, Suspense, useRef, useState } from "react";

import type { BacktestResult } from "../../api/types";
import { Panel } from "../../components/Panel";
import { Loading } from "../../components/states";
import { useVisible } from "../dashboards/useVisible";

// Charts of boards are a page of their own.
const Meanwhile = lazy(() => import("./Meanwhile"));

/** What the platform did around the run; asked for once it comes into sight. */
export function MetricsPanel({ run }: { run: BacktestResult }) {
  const place = useRef<HTMLDivElement>(null);
  const visible = useVisible(place);
  const [seen, setSeen] = useState(false);
  if (visible && !seen) setSeen(true);
  const loading = <Loading what="the metrics around the run" lines={6} />;
  return (
    <Panel title="The platform meanwhile" note="drag to zoom, click twice for more">
      <div ref={place}>
        {seen ? (
          <Suspense fallback={loading}>
            <Meanwhile run={run} />
          </Suspense>
        ) : (
          loading
        )}
      </div>
    </Panel>
  );
}
