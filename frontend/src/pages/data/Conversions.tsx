import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { forgetData } from "../../api/dataQueries";
import { activeJobs } from "../../api/queries";
import { JobList } from "../../components/JobCard";
import { Panel } from "../../components/Panel";
import styles from "./DataPage.module.css";

/**
 * Conversions that go on, whoever began them, but the one that is `shown` elsewhere. When one ends,
 * what it changed is asked for again.
 */
export function Conversions({ shown }: { shown: string | undefined }) {
  const client = useQueryClient();
  const query = useQuery(activeJobs);
  const jobs = (query.data ?? []).filter((job) => job.job_type === "convert");
  const names = jobs.map((job) => job.job_id).join(" ");
  const [before, setBefore] = useState(names);
  const [ended, setEnded] = useState(0);
  if (before !== names) {
    setBefore(names);
    const left = new Set(names.split(" "));
    if (before && before.split(" ").some((name) => !left.has(name))) setEnded(ended + 1);
  }
  useEffect(() => {
    if (ended) void forgetData(client);
  }, [client, ended]);
  const others = jobs.filter((job) => job.job_id !== shown);
  if (!others.length) return null;
  return (
    <Panel title="Conversions" note={String(others.length)} className={styles.conversions}>
      <JobList jobs={others} at={query.dataUpdatedAt} />
    </Panel>
  );
}
