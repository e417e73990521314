import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useCallback, useMemo, useState } from "react";

import { instruments, results, strategies } from "../../api/queries";
import { Choice } from "../../components/Choice";
import { Panel } from "../../components/Panel";
import { Empty, Failed, Loading, Stale } from "../../components/states";
import { Table } from "../../components/Table";
import { count } from "../../lib/format";
import styles from "./BacktestsPage.module.css";
import { COLUMNS } from "./columns";
import { pickColumn, PickedRuns } from "./PickedRuns";
import { toggled } from "./picked";
import { type BacktestsSearch, NEWEST_FIRST, STATUSES } from "./search";

const route = getRouteApi("/backtests");

export function ResultsPanel({ className }: { className: string | undefined }) {
  const { sort, strategy, instrument_id, status } = route.useSearch();
  const filter = { sort, strategy, instrument_id, status };
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(results(filter));
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.rows) ?? [], [query.data]);
  const change = useCallback(
    (changed: BacktestsSearch) =>
      void navigate({ search: (now) => ({ ...now, ...changed }), replace: true }),
    [navigate],
  );
  const bringMore = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const retry = () => void query.refetch();
  const [picked, setPicked] = useState<readonly string[]>([]);
  const columns = useMemo(
    () => [pickColumn(picked, (id) => setPicked((now) => toggled(now, id))), ...COLUMNS],
    [picked],
  );

  return (
    <Panel
      title="Results"
      note={query.data && `${count(rows.length)}${hasNextPage ? "+" : ""}`}
      tools={
        <>
          <PickedRuns picked={picked} clear={() => setPicked([])} />
          <Filters value={filter} onChange={change} />
        </>
      }
      className={className}
    >
      {query.error && query.data && (
        <Stale at={query.dataUpdatedAt} error={query.error} retry={retry} />
      )}
      {query.isPending && <Loading what="results" lines={8} />}
      {query.error && !query.data && <Failed error={query.error} retry={retry} />}
      {query.data && !rows.length && <Empty>No run matches.</Empty>}
      {rows.length > 0 && (
        <Table
          label="Results of backtests"
          rows={rows}
          columns={columns}
          rowKey={(run) => run.run_id}
          sort={filter.sort ?? NEWEST_FIRST}
          onSort={(sort) => change({ sort })}
          onOpen={(run) => void navigate({ to: "/runs/$runId", params: { runId: run.run_id } })}
          onEnd={bringMore}
          total={hasNextPage ? -1 : rows.length}
          foot={isFetchingNextPage ? "Loading more" : null}
        />
      )}
    </Panel>
  );
}

interface FiltersProps {
  value: BacktestsSearch;
  onChange: (changed: BacktestsSearch) => void;
}

function Filters({ value, onChange }: FiltersProps) {
  const names = useQuery(strategies).data?.map((one) => one.name) ?? [];
  const ids = useQuery(instruments).data?.map((one) => one.instrument_id) ?? [];
  return (
    <div className={styles.filters}>
      <Choice
        label="Strategy"
        options={names}
        value={value.strategy}
        onChange={(strategy) => onChange({ strategy })}
      />{" "}
      <Choice
        label="Instrument"
        options={ids}
        value={value.instrument_id}
        onChange={(instrument_id) => onChange({ instrument_id })}
      />{" "}
      <Choice
        label="Status"
        options={STATUSES}
        value={value.status}
        onChange={(status) => onChange({ status })}
      />
    </div>
  );
}
