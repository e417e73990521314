import { Link } from "@tanstack/react-router";

import type { BacktestResult } from "../../api/types";
import { StatusBadge } from "../../components/Badge";
import { buttonClass } from "../../components/Button";
import { Figures } from "../../components/Figures";
import { Page } from "../../components/Page";
import { Panel } from "../../components/Panel";
import { DeleteRun } from "./DeleteRun";
import { EquityPanel } from "./EquityPanel";
import { figuresOf, tradingOf } from "./figures";
import styles from "./RunPage.module.css";
import { MetricsPanel } from "./MetricsPanel";
import { OrdersPanel } from "./OrdersPanel";
import { RequestPanel, VersionsPanel } from "./RequestPanel";
import { StagesPanel } from "./StagesPanel";
import { StatisticsPanel } from "./StatisticsPanel";
import { TracePanel } from "./TracePanel";

export function RunResult({ run }: { run: BacktestResult }) {
  const { strategy, instrument_id } = run.request;
  const trading = run.trading && tradingOf(run.trading);
  return (
    <Page
      title={`${strategy} · ${instrument_id}`}
      note={
        <>
          <StatusBadge status={run.status} />
          <span className="mono muted">{run.run_id}</span>
        </>
      }
      tools={
        <>
          {run.sweep_id && (
            <Link
              to="/sweeps/$sweepId"
              params={{ sweepId: run.sweep_id }}
              className={buttonClass()}
            >
              Sweep
            </Link>
          )}
          {run.trace_id && (
            <Link
              to="/traces/$traceId"
              params={{ traceId: run.trace_id }}
              className={buttonClass()}
            >
              Trace
            </Link>
          )}
          <Link to="/compare" search={{ a: run.run_id }} className={buttonClass()}>
            Compare
          </Link>
          <Link to="/backtests" search={{ again: run.run_id }} className={buttonClass()}>
            Run again
          </Link>
          <DeleteRun runId={run.run_id} />
        </>
      }
    >
      {run.error && <ErrorPanel error={run.error} stage={run.last_stage} />}
      <div className={styles.grid}>
        <div className={styles.column}>
          <Panel title="Result">
            <Figures of={figuresOf(run)} />
          </Panel>
          <EquityPanel run={run} />
          <OrdersPanel run={run} />
          {trading && (
            <Panel title="Trading" note={`amounts in ${run.trading?.currency ?? ""}`}>
              <Figures of={trading} />
            </Panel>
          )}
          <MetricsPanel run={run} />
          <StatisticsPanel statistics={run.statistics ?? {}} />
        </div>
        <div className={styles.column}>
          <StagesPanel run={run} />
          <RequestPanel run={run} />
          <VersionsPanel versions={run.versions} />
        </div>
      </div>
      <TracePanel run={run} />
    </Page>
  );
}

function ErrorPanel({
  error,
  stage,
}: Pick<BacktestResult, "error"> & { stage?: string | null | undefined }) {
  if (!error) return null;
  return (
    <Panel title="Error" note={stage && `in stage ${stage}`}>
      <div className={styles.failed}>
        <strong>{error.type}</strong>
        <p>{error.message}</p>
      </div>
      {error.stacktrace && (
        // Focusable, so that it can be scrolled by keys.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <pre className={styles.stack} tabIndex={0} aria-label="Stack trace">
          {error.stacktrace}
        </pre>
      )}
    </Panel>
  );
}
