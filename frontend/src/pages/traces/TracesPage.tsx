import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";

import { ApiError } from "../../api/problem";
import { foundTraces, MOST_TRACES } from "../../api/traceQueries";
import { Page } from "../../components/Page";
import { Panel } from "../../components/Panel";
import { Async } from "../../components/states";
import { TimeRange } from "../../components/TimeRange";
import { resolve } from "../../grafana/range";
import { count } from "../../lib/format";
import { isAgain, useNow } from "../../lib/useNow";
import { FoundTable } from "./FoundTable";
import { OrderField } from "./OrderField";
import { QueryBox } from "./QueryBox";
import { ALL, ERRORS_FIRST, type TracesSearch } from "./search";
import styles from "./TracesPage.module.css";

const route = getRouteApi("/traces");
const BAD_QUERY = 400;

function noteOf(found: number): string {
  if (found >= MOST_TRACES) {
    const older = found - MOST_TRACES;
    const failed = older > 0 ? `, ${count(older)} older with errors` : "";
    return `the newest ${count(MOST_TRACES)}${failed}; there may be more`;
  }
  return found === 1 ? "1 trace" : `${count(found)} traces`;
}

/** Traces that a query finds. The address holds the query, its time and the order. */
export default function TracesPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { q = ALL, sort = ERRORS_FIRST } = search;
  const range = { from: search.from ?? "now-1h", to: search.to ?? "now" };
  const [now, update] = useNow(null, [q, range.from, range.to].join(" "));
  const window = resolve(range, now);
  const seconds = { start: Math.floor(window.from), end: Math.ceil(window.to) };
  const query = useQuery(foundTraces(q, seconds));
  const { error } = query;
  const refused =
    error instanceof ApiError && error.status === BAD_QUERY ? error.message : undefined;

  function change(changed: TracesSearch): void {
    if (isAgain(changed, { q, sort, ...range })) update();
    else void navigate({ search: (before) => ({ ...before, ...changed }), resetScroll: false });
  }

  return (
    <Page title="Traces">
      <div className={styles.ask}>
        <QueryBox
          asked={q}
          trouble={refused}
          seconds={seconds}
          onAsk={(asked) => change({ q: asked })}
        />
        <TimeRange range={range} window={window} change={change} />
      </div>
      <Panel
        title="Found"
        note={query.data && !refused && noteOf(query.data.traces.length)}
        tools={<OrderField sort={sort} onSort={(to) => change({ sort: to })} />}
        className={styles.panel}
      >
        {refused ? (
          <p className={styles.none}>The store could not read the query: see above.</p>
        ) : (
          <Async
            query={query}
            what="traces"
            lines={8}
            isEmpty={({ traces }) => !traces.length}
            empty={
              <>
                <span>No trace matches in this time.</span>
                <span className="muted">
                  Look further back, or ask for less: <code>{ALL}</code> finds everything.
                </span>
              </>
            }
          >
            {({ traces }) => (
              <FoundTable
                found={traces}
                sort={sort}
                isNarrowed={q !== ALL}
                onSort={(to) => change({ sort: to })}
              />
            )}
          </Async>
        )}
      </Panel>
    </Page>
  );
}
