import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";

import { activeJobs } from "../../api/queries";
import { JobList } from "../../components/JobCard";
import { Page } from "../../components/Page";
import { Panel } from "../../components/Panel";
import styles from "./BacktestsPage.module.css";
import { FormPanel } from "./FormPanel";
import { ResultsPanel } from "./ResultsPanel";

const route = getRouteApi("/backtests");

export default function BacktestsPage() {
  const { again, sweep = false } = route.useSearch();
  const jobs = useQuery(activeJobs);
  const running = jobs.data ?? [];
  return (
    <Page title="Backtests">
      <div className={styles.page}>
        <FormPanel key={String(sweep)} again={again} sweep={sweep} className={styles.form} />
        <div className={styles.right}>
          {running.length > 0 && (
            <Panel title="Running" note={String(running.length)} className={styles.running}>
              <JobList jobs={running} at={jobs.dataUpdatedAt} />
            </Panel>
          )}
          <ResultsPanel className={styles.results} />
        </div>
      </div>
    </Page>
  );
}
