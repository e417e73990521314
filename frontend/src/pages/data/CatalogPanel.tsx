import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo } from "react";

import { instruments } from "../../api/queries";
import { Panel } from "../../components/Panel";
import { Async } from "../../components/states";
import { type Column, Table } from "../../components/Table";
import { Time } from "../../components/Time";
import { bytes, count } from "../../lib/format";
import styles from "./DataPage.module.css";
import { type Holding, holdingsOf, nameOf } from "./holdings";
import { LIMITS } from "./search";

const route = getRouteApi("/data");

function address({ instrument_id: instrument, kind, bar_type }: Holding) {
  return { instrument, kind, limit: LIMITS[0], ...(bar_type ? { bar_type } : {}) };
}

const COLUMNS: readonly Column<Holding>[] = [
  {
    id: "instrument",
    title: "Instrument",
    width: "minmax(8rem, 1.4fr)",
    cell: (held) => (
      <Link to="/data/ticks" search={address(held)} data-row tabIndex={-1}>
        {held.instrument_id}
      </Link>
    ),
  },
  { id: "kind", title: "Kind", width: "minmax(9.5rem, 1fr)", cell: nameOf },
  {
    id: "class",
    title: "Class",
    width: "minmax(7rem, 1fr)",
    from: 1060,
    cell: (held) => held.instrument_class,
  },
  {
    id: "rows",
    title: "Rows",
    width: "minmax(6rem, 0.8fr)",
    end: true,
    cell: (held) => count(held.rows),
  },
  {
    id: "start",
    title: "First",
    width: "minmax(11rem, 1fr)",
    from: 620,
    cell: (held) => <Time at={held.start} />,
  },
  {
    id: "end",
    title: "Last",
    width: "minmax(11rem, 1fr)",
    from: 800,
    cell: (held) => <Time at={held.end} />,
  },
  {
    id: "bytes",
    title: "Size",
    width: "5.5rem",
    end: true,
    from: 480,
    cell: (held) => bytes(held.bytes),
  },
  {
    id: "files",
    title: "Files",
    width: "4.5rem",
    end: true,
    from: 920,
    cell: (held) => count(held.files),
  },
];

/** What the catalog holds; a line leads to its ticks. */
export function CatalogPanel() {
  const navigate = route.useNavigate();
  const query = useQuery(instruments);
  const held = useMemo(() => holdingsOf(query.data ?? []), [query.data]);
  return (
    <Panel title="Catalog" note={query.data && count(held.length)} className={styles.catalog}>
      <Async
        query={query}
        what="the catalog"
        lines={5}
        isEmpty={() => !held.length}
        empty="The catalog is empty: convert a raw day."
      >
        {() => (
          <Table
            label="What the catalog holds"
            rows={held}
            columns={COLUMNS}
            rowKey={(one) => `${one.instrument_id} ${nameOf(one)}`}
            onOpen={(one) => void navigate({ to: "/data/ticks", search: address(one) })}
          />
        )}
      </Async>
    </Panel>
  );
}
