import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { activeJobs } from "../../api/queries";
import { buttonClass } from "../../components/Button";
import { JobList } from "../../components/JobCard";
import { Page } from "../../components/Page";
import { Panel } from "../../components/Panel";
import { Async } from "../../components/states";
import { AlertsPanel } from "./AlertsPanel";
import styles from "./HomePage.module.css";
import { LastRuns } from "./LastRuns";
import { ObjectivesPanel } from "./ObjectivesPanel";

export default function HomePage() {
  const jobs = useQuery(activeJobs);
  return (
    <Page
      title="Home"
      tools={
        <Link to="/backtests" className={buttonClass("primary")}>
          New backtest
        </Link>
      }
    >
      <div className={styles.grid}>
        <div className={styles.column}>
          <AlertsPanel />
          <ObjectivesPanel />
        </div>
        <div className={styles.column}>
          <Panel title="Running" note={jobs.data && String(jobs.data.length)}>
            <Async
              query={jobs}
              what="jobs"
              empty="Nothing is running."
              isEmpty={(all) => !all.length}
            >
              {(all) => <JobList jobs={all} at={jobs.dataUpdatedAt} />}
            </Async>
          </Panel>
          <LastRuns />
        </div>
      </div>
    </Page>
  );
}
