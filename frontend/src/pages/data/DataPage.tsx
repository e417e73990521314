import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";

import { rawDays } from "../../api/queries";
import { Page } from "../../components/Page";
import { Panel } from "../../components/Panel";
import { Empty } from "../../components/states";
import { CatalogPanel } from "./CatalogPanel";
import { Conversions } from "./Conversions";
import styles from "./DataPage.module.css";
import { DayPanel } from "./DayPanel";
import { daysOf } from "./days";
import { DaysPanel } from "./DaysPanel";
import { FilePanel } from "./FilePanel";

/** The conversion that was started here last. */
interface Began {
  day: string;
  job: string;
}

const route = getRouteApi("/data");

/** Raw ticks on the one side, what became of them on the other. */
export default function DataPage() {
  const search = route.useSearch();
  const query = useQuery(rawDays);
  const { file } = search;
  const [began, setBegan] = useState<Began | null>(null);
  // Without a choice the newest of when the page was opened: a newer one that comes closes no day.
  const newest = daysOf(query.data ?? [])[0]?.day;
  const [first, setFirst] = useState(newest);
  const isThere = (day: string | undefined) => query.data?.some((one) => one.day === day);
  if (newest && !isThere(first)) setFirst(newest);
  const day = search.day ?? first;
  const open = query.data?.find((one) => one.day === day);
  const chosen = open?.files.find((one) => one.path === file);
  return (
    <Page title="Data">
      <Conversions shown={began?.day === day ? began?.job : undefined} />
      <div className={styles.raw}>
        <DaysPanel query={query} open={day} />
        {open ? (
          <DayPanel
            key={open.day}
            day={open}
            open={file}
            job={began?.day === open.day ? began.job : undefined}
            onBegin={(job) => setBegan({ day: open.day, job })}
          />
        ) : (
          <Panel title="Files" className={styles.none}>
            <Empty>
              {day && query.data ? `There are no raw files for ${day}.` : "No day is open."}
            </Empty>
          </Panel>
        )}
      </div>
      {chosen && <FilePanel file={chosen} />}
      <CatalogPanel />
    </Page>
  );
}
