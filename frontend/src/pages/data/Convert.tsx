import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { convert, forgetData } from "../../api/dataQueries";
import { useJob } from "../../api/events";
import { ApiError, isMissing } from "../../api/problem";
import { isActive } from "../../api/queries";
import type { Job } from "../../api/types";
import { Button } from "../../components/Button";
import { JobCard } from "../../components/JobCard";
import styles from "./DataPage.module.css";

interface Props {
  day: string;
  /** None: all of the day. */
  files: readonly string[];
  job: string | undefined;
  onBegin: (job: string) => void;
}

/** Starts a conversion of a day, and follows the one that was started here. */
export function Convert({ day, files, job, onBegin }: Props) {
  const client = useQueryClient();
  const [force, setForce] = useState(false);
  const start = useMutation({
    mutationFn: () => convert({ date: day, force, ...(files.length ? { files: [...files] } : {}) }),
    onSuccess: onBegin,
    onSettled: () => client.invalidateQueries({ queryKey: ["jobs", "active"] }),
  });
  const what =
    files.length === 0 ? "the day" : files.length === 1 ? "1 file" : `${files.length} files`;
  return (
    <>
      <div className={styles.convert}>
        <Button kind="primary" disabled={start.isPending} onClick={() => start.mutate()}>
          {start.isPending ? "Starting" : `Convert ${what}`}
        </Button>
        <label>
          <input
            type="checkbox"
            checked={force}
            onChange={(event) => setForce(event.target.checked)}
          />{" "}
          also what is converted already
        </label>
      </div>
      {start.error && <Refused error={start.error} />}
      {job && <Started key={job} jobId={job} />}
    </>
  );
}

function Refused({ error }: { error: Error }) {
  const hint = error instanceof ApiError ? error.problem.hint : undefined;
  return (
    <p className={styles.refused} role="alert">
      {error.message}
      {hint && ` (${hint})`}
    </p>
  );
}

const FORGOTTEN = new Error(
  "The service no longer knows this conversion: convert again what is missing.",
);

/** The conversion that was started here, to its end and after it. */
function Started({ jobId }: { jobId: string }) {
  const client = useQueryClient();
  const { data, error, dataUpdatedAt } = useJob(jobId);
  const over = data !== undefined && !isActive(data);
  useEffect(() => {
    if (over) void forgetData(client);
  }, [client, over]);
  // Jobs do not outlive the service; what was converted by then does.
  if (isMissing(error) && !over) return <Refused error={FORGOTTEN} />;
  if (error && !data) return <Refused error={error} />;
  if (!data) return null;
  return (
    <div className={styles.started}>
      <JobCard job={data} at={dataUpdatedAt} />
      {data.status === "ok" && <Outcome job={data} />}
    </div>
  );
}

/** What became of the files: a repeat is answered from what is known. */
function Outcome({ job }: { job: Job }) {
  const files = (job.result?.files ?? []) as { outcome: string; rows_written: number }[];
  const first = files.filter(({ outcome }) => outcome === "first");
  const rows = first.reduce((sum, file) => sum + file.rows_written, 0);
  const cached = files.length - first.length;
  return (
    <p className={styles.outcome} role="status">
      {first.length > 0 &&
        `Converted ${first.length} of ${files.length}, ${rows.toLocaleString("en")} rows. `}
      {cached > 0 && `${cached} had been converted before and have not changed.`}
    </p>
  );
}
