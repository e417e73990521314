import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";

import { instruments } from "../../api/queries";
import { Page } from "../../components/Page";
import { Panel } from "../../components/Panel";
import { Empty } from "../../components/states";
import { bytes, count } from "../../lib/format";
import { Time } from "../../components/Time";
import { type Holding, holdingsOf, isOf, nameOf } from "./holdings";
import { Drawing } from "./Drawing";
import { WindowForm } from "./WindowForm";
import styles from "./TicksPage.module.css";

const route = getRouteApi("/data/ticks");

export default function TicksPage() {
  const search = route.useSearch();
  const query = useQuery(instruments);
  const { instrument } = search;
  if (!instrument) {
    return (
      <Page title="Ticks">
        <Panel title="Nothing is chosen">
          <Empty>
            <p>
              Choose an instrument on the page <Link to="/data">Data</Link>.
            </p>
          </Empty>
        </Panel>
      </Page>
    );
  }
  const known = query.data?.find((one) => one.instrument_id === instrument);
  const held = known ? holdingsOf([known]) : [];
  const shown = held.find((one) => isOf(one, search));
  return (
    <Page title={instrument} note={shown && <Held held={shown} />} tools={<Kinds held={held} />}>
      <WindowForm held={shown} />
      <Drawing instrument={instrument} precision={known?.price_precision} />
    </Page>
  );
}

/** What else is held of the instrument. */
function Kinds({ held }: { held: readonly Holding[] }) {
  const search = route.useSearch();
  return (
    <nav aria-label="Kinds of data" className={styles.kinds}>
      {held.map((one) => (
        <Link
          key={nameOf(one)}
          to="/data/ticks"
          search={{ ...search, kind: one.kind, bar_type: one.bar_type }}
          aria-current={isOf(one, search) ? "page" : undefined}
        >
          {nameOf(one)}
        </Link>
      ))}
    </nav>
  );
}

/** How much of it the catalog holds, and from when to when. */
function Held({ held }: { held: Holding }) {
  return (
    <span className={styles.held}>
      {count(held.rows)} {nameOf(held)}, <Time at={held.start} /> to <Time at={held.end} />,{" "}
      {bytes(held.bytes)} in {held.files === 1 ? "1 file" : `${count(held.files)} files`}
    </span>
  );
}
