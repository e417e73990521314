import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { lazy, Suspense, useCallback } from "react";

import { withoutWatchdog, wrongNow } from "../../api/alertQueries";
import { alerts } from "../../api/queries";
import { Button, buttonClass } from "../../components/Button";
import { Page } from "../../components/Page";
import { Panel } from "../../components/Panel";
import { Async } from "../../components/states";
import { AlertDetail } from "./AlertDetail";
import styles from "./AlertsPage.module.css";
import { Filters } from "./Filters";
import { Groups } from "./Groups";
import { groupsOf, isWanted } from "./grouping";
import { RecentPanel } from "./RecentPanel";
import type { AlertsSearch } from "./search";
import { SilencesPanel } from "./SilencesPanel";

const SilenceForm = lazy(() => import("./SilenceForm"));
const route = getRouteApi("/alerts");
const NO_MATCHERS = "new";

/** What fires, what fired, and what is silenced; the address holds what is looked at. */
export default function AlertsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(alerts);
  const change = useCallback(
    (changed: AlertsSearch) =>
      void navigate({
        search: (now) => ({ ...now, ...changed }),
        // Letters are no steps to go back by.
        replace: "q" in changed,
        resetScroll: false,
      }),
    [navigate],
  );
  const shown = withoutWatchdog(query.data?.alerts ?? []).filter(
    (alert) => (!search.state || alert.state === search.state) && isWanted(alert, search),
  );
  const firing = query.data && wrongNow(query.data.alerts).length;
  const more = query.data && query.data.total > query.data.alerts.length;
  const filtered = [search.state, search.severity, search.q].some(Boolean);
  return (
    <Page
      title="Alerts"
      tools={
        <>
          <Link to="/incident" className={buttonClass()}>
            Incident
          </Link>
          <Button onClick={() => change({ silence: NO_MATCHERS })}>New silence</Button>
        </>
      }
    >
      <Filters value={search} onChange={change} />
      <div className={search.alert ? styles.split : styles.page}>
        <div className={styles.lists}>
          <Panel
            title="Now"
            note={
              firing !== undefined &&
              `${firing} firing${more ? `, the first ${query.data.alerts.length} shown` : ""}`
            }
          >
            <Async
              query={query}
              what="alerts"
              isEmpty={() => !shown.length}
              empty={filtered ? "No alert matches." : "Nothing fires."}
            >
              {() => <Groups groups={groupsOf(shown)} opened={search.alert} />}
            </Async>
          </Panel>
          <RecentPanel search={search} />
          <SilencesPanel />
        </div>
        {search.alert && (
          <AlertDetail
            key={search.alert}
            name={search.alert}
            active={query.data?.alerts.filter(({ name }) => name === search.alert)}
            silence={(matchers) => change({ silence: matchers })}
          />
        )}
      </div>
      {search.silence !== undefined && (
        <Suspense fallback={null}>
          <SilenceForm
            matchers={search.silence}
            active={query.data?.alerts}
            onClose={() => change({ silence: undefined })}
          />
        </Suspense>
      )}
    </Page>
  );
}
