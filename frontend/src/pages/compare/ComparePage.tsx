import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";

import { result } from "../../api/queries";
import { comparison } from "../../api/runQueries";
import type { BacktestResult, Comparison } from "../../api/types";
import { StatusBadge } from "../../components/Badge";
import { Button } from "../../components/Button";
import { Page } from "../../components/Page";
import { Panel } from "../../components/Panel";
import { Async } from "../../components/states";
import { Time } from "../../components/Time";
import { duration } from "../../lib/format";
import styles from "./ComparePage.module.css";
import { CurvesPanel } from "./CurvesPanel";
import { ChangesPanel, DifferencesPanel } from "./DifferencesPanel";
import { RunChoice } from "./RunChoice";

const route = getRouteApi("/compare");

/** Run A against run B; both are chosen in the address. */
export default function ComparePage() {
  const { a, b } = route.useSearch();
  const navigate = route.useNavigate();
  const choose = (chosen: { a?: string; b?: string }) =>
    void navigate({ search: (now) => ({ ...now, ...chosen }), replace: true });
  return (
    <Page
      title="Compare runs"
      tools={a && b && <Button onClick={() => choose({ a: b, b: a })}>Exchange A and B</Button>}
    >
      <div className={styles.page}>
        <div className={styles.pair}>
          <Side name="A" runId={a} other={b} onChoose={(runId) => choose({ a: runId })} />
          <Side name="B" runId={b} other={a} onChoose={(runId) => choose({ b: runId })} />
        </div>
        {a && b && <Compared a={a} b={b} />}
      </div>
    </Page>
  );
}

interface SideProps {
  name: string;
  runId: string | undefined;
  other: string | undefined;
  onChoose: (runId: string) => void;
}

/** One of the two runs: what it is, and a way to take another. */
function Side({ name, runId, other, onChoose }: SideProps) {
  const query = useQuery({ ...result(runId ?? ""), enabled: runId !== undefined });
  return (
    <Panel title={name} className={styles.side}>
      <div className={styles.run}>
        <RunChoice label={`Run ${name}`} value={runId} other={other} onChange={onChoose} />
        {runId && (
          <Async query={query} what={`run ${name}`} lines={2}>
            {(run) => <Described run={run} />}
          </Async>
        )}
      </div>
    </Panel>
  );
}

function Described({ run }: { run: BacktestResult }) {
  return (
    <>
      <p className={styles.line}>
        <StatusBadge status={run.status} />
        <Link to="/runs/$runId" params={{ runId: run.run_id }}>
          {run.request.strategy} · {run.request.instrument_id}
        </Link>
        <span className="muted">
          <Time at={run.created_at} />, {run.window}, took {duration(run.duration_seconds)}
        </span>
      </p>
      {run.error && (
        <p className={styles.error}>
          {run.error.type}: {run.error.message}
          {run.last_stage && ` (in stage ${run.last_stage})`}
        </p>
      )}
    </>
  );
}

function Compared({ a, b }: { a: string; b: string }) {
  const query = useQuery(comparison(a, b));
  return (
    <>
      <CurvesPanel a={a} b={b} />
      <Async query={query} what="the comparison" lines={8}>
        {(found) => <Differences found={found} />}
      </Async>
    </>
  );
}

function Differences({ found }: { found: Comparison }) {
  return (
    <div className={styles.grid}>
      <div className={styles.column}>
        <DifferencesPanel title="Results" rows={found.results} />
        <DifferencesPanel title="NautilusTrader's statistics" rows={found.statistics} />
      </div>
      <div className={styles.column}>
        <ChangesPanel title="Parameters" rows={found.parameters} />
        <DifferencesPanel title="Stages" rows={found.stages} />
        <DifferencesPanel title="Memory" rows={found.memory} />
        <ChangesPanel title="Versions" rows={found.versions} />
      </div>
    </div>
  );
}
