import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { boards } from "../../api/queries";
import { Page } from "../../components/Page";
import { Async } from "../../components/states";
import styles from "./DashboardsPage.module.css";

/** All boards. */
export default function DashboardsPage() {
  const query = useQuery(boards);
  return (
    <Page title="Dashboards">
      <Async
        query={query}
        what="dashboards"
        lines={8}
        empty="There are no boards: make dashboards generates them."
        isEmpty={(all) => !all.length}
      >
        {(all) => (
          <ul className={styles.boards}>
            {all.map(({ uid, title, description }) => (
              <li key={uid} className={styles.board}>
                <h2>
                  <Link to="/dashboards/$uid" params={{ uid }} search={{}}>
                    {title}
                  </Link>
                </h2>
                <p>{description}</p>
              </li>
            ))}
          </ul>
        )}
      </Async>
    </Page>
  );
}
