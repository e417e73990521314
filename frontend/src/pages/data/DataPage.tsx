import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";

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

const route = getRouteApi("/data");

/** Raw ticks on the one side, what became of them on the other. */
export default function DataPage() {
  const search = route.useSearch();
  const query = useQuery(rawDays);
  const { file } = search;
  // Without a choice the newest.
  const day = search.day ?? daysOf(query.data ?? [])[0]?.day;
  const open = query.data?.find((one) => one.day === day);
  const chosen = open?.files.find((one) => one.path === file);
  return (
    <Page title="Data">
      <Conversions />
      <div className={styles.raw}>
        <DaysPanel query={query} open={day} />
        {open ? (
          <DayPanel key={open.day} day={open} open={file} />
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
