/** The states that everything asked for can be in: loading, empty, failed, stale. */

import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { ApiError } from "../api/problem";
import { Button } from "./Button";
import styles from "./states.module.css";
import { Time } from "./Time";

export function Loading({ what, lines = 3 }: { what: string; lines?: number }) {
  return (
    <div className={styles.bars} role="status">
      <span className="visually-hidden">Loading {what}</span>
      {Array.from({ length: lines }, (_, line) => (
        <div key={line} className={styles.bar} style={{ width: `${90 - ((line * 23) % 50)}%` }} />
      ))}
    </div>
  );
}

export function Empty({ children }: { children: ReactNode }) {
  return <div className={styles.state}>{children}</div>;
}

export function Failed({ error, retry }: { error: Error; retry?: (() => void) | undefined }) {
  const problem = error instanceof ApiError ? error.problem : undefined;
  return (
    <div className={styles.state} role="alert">
      <strong className={styles.error}>{error.message}</strong>
      {problem?.hint && <span className={styles.detail}>{problem.hint}</span>}
      {problem?.trace_id && (
        <span className={styles.detail}>
          trace{" "}
          <a href={`/traces/${problem.trace_id}`}>
            <code>{problem.trace_id}</code>
          </a>
        </span>
      )}
      {retry && <Button onClick={retry}>Try again</Button>}
    </div>
  );
}

/** Content that is older than it should be, since it could not be asked for again. */
export function Stale({ at, error, retry }: { at: number; error: Error; retry: () => void }) {
  return (
    <div className={styles.stale} role="status">
      <span>
        As of <Time at={new Date(at)} />: {error.message}
      </span>
      <Button small onClick={retry}>
        Try again
      </Button>
    </div>
  );
}

interface AsyncProps<T> {
  query: UseQueryResult<T>;
  /** What is loaded, for people who hear the page. */
  what: string;
  lines?: number;
  empty?: ReactNode;
  isEmpty?: (data: T) => boolean;
  children: (data: T) => ReactNode;
}

/** Draws a query in whatever state it is. */
export function Async<T>({ query, what, lines, empty, isEmpty, children }: AsyncProps<T>) {
  const retry = () => void query.refetch();
  if (query.data === undefined) {
    if (query.error) return <Failed error={query.error} retry={retry} />;
    return <Loading what={what} {...(lines ? { lines } : {})} />;
  }
  const data = query.data;
  return (
    <>
      {query.error && <Stale at={query.dataUpdatedAt} error={query.error} retry={retry} />}
      {isEmpty?.(data) ? <Empty>{empty}</Empty> : children(data)}
    </>
  );
}
