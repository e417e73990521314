/** A job as it goes on: stage, progress, speed, and a way to stop it. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { api, content } from "../api/client";
import { isActive } from "../api/queries";
import type { Job } from "../api/types";
import { count, percent, short } from "../lib/format";
import { useSpeed } from "../lib/useSpeed";
import { StatusBadge } from "./Badge";
import { Button } from "./Button";
import styles from "./JobCard.module.css";
import { Progress } from "./Progress";
import { Time } from "./Time";

/** Jobs that go on; `at` is when they were heard of, in Unix milliseconds. */
export function JobList({ jobs, at }: { jobs: readonly Job[]; at: number }) {
  return (
    <div className={styles.jobs}>
      {jobs.map((job) => (
        <JobCard key={job.job_id} job={job} at={at} />
      ))}
    </div>
  );
}

/** `at`: when the job was heard of, in Unix milliseconds. */
export function JobCard({ job, at }: { job: Job; at: number }) {
  const client = useQueryClient();
  const speed = useSpeed(job.data_points, at);
  const cancel = useMutation({
    mutationFn: () =>
      content(api.DELETE("/api/jobs/{job_id}", { params: { path: { job_id: job.job_id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: ["jobs"] }),
  });
  const name = job.run_id ?? job.job_id;
  return (
    <article className={styles.job} aria-label={`${job.job_type} ${name}`}>
      <div className={styles.line}>
        <StatusBadge status={job.status} />
        <span className={styles.what}>
          {job.job_type}{" "}
          {job.run_id ? (
            <Link to="/runs/$runId" params={{ runId: job.run_id }} className="mono">
              {name}
            </Link>
          ) : (
            <span className="mono">{name}</span>
          )}
        </span>
        {job.sweep_id && (
          <Link to="/sweeps/$sweepId" params={{ sweepId: job.sweep_id }}>
            sweep
          </Link>
        )}
        {job.trace_id && (
          <Link to="/traces/$traceId" params={{ traceId: job.trace_id }}>
            trace
          </Link>
        )}
        {job.stage && <span className="muted">{job.stage}</span>}
        <span className={styles.end}>
          {job.data_points != null && (
            <span title={`${count(job.data_points)} ticks`}>{short(job.data_points)} ticks</span>
          )}
          {speed !== null && job.status === "running" && <span>{short(speed)}/s</span>}
          {job.progress != null && <span>{percent(job.progress, 3)}</span>}
          <span className="muted">
            <Time at={job.started_at ?? job.created_at} relative />
          </span>
          {isActive(job) && (
            <Button
              small
              kind="danger"
              disabled={cancel.isPending || cancel.isSuccess}
              onClick={() => cancel.mutate()}
            >
              {cancel.isPending ? "Cancelling" : "Cancel"}
            </Button>
          )}
        </span>
      </div>
      {isActive(job) && (
        <Progress
          label={`Progress of ${name}`}
          value={job.status === "queued" ? 0 : job.progress}
        />
      )}
      {(cancel.error ?? job.error) && (
        <p className={styles.error} role="alert">
          {cancel.error?.message ?? job.error?.message}
        </p>
      )}
    </article>
  );
}
