import { getRouteApi } from "@tanstack/react-router";
import { useMemo, useState } from "react";

import type { RawDay } from "../../api/types";
import { Panel } from "../../components/Panel";
import { Table } from "../../components/Table";
import { count } from "../../lib/format";
import { Convert } from "./Convert";
import styles from "./DataPage.module.css";
import { fileColumns } from "./fileColumns";

const route = getRouteApi("/data");

interface Props {
  day: RawDay;
  /** The file that is open. */
  open: string | undefined;
  /** The conversion that was started here last. */
  job: string | undefined;
  onBegin: (job: string) => void;
}

/** The files of a day, and their conversion. */
export function DayPanel({ day, open, job, onBegin }: Props) {
  const navigate = route.useNavigate();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const { files } = day;
  const columns = useMemo(() => {
    function choose(path: string): void {
      const next = new Set(chosen);
      if (!next.delete(path)) next.add(path);
      setChosen(next);
    }
    const whole = files.length > 0 && files.every(({ path }) => chosen.has(path));
    const all = () => setChosen(new Set(whole ? [] : files.map(({ path }) => path)));
    return fileColumns(
      chosen,
      choose,
      <input
        type="checkbox"
        className={styles.check}
        aria-label="Choose all files"
        checked={whole}
        onChange={all}
      />,
    );
  }, [chosen, files]);
  const there = files.map(({ path }) => path).filter((path) => chosen.has(path));
  return (
    <Panel title={`Files of ${day.day}`} note={count(day.files.length)} className={styles.files}>
      <Convert day={day.day} files={there} job={job} onBegin={onBegin} />
      <Table
        label={`Files of ${day.day}`}
        rows={day.files}
        columns={columns}
        rowKey={({ path }) => path}
        onOpen={({ path }) => void navigate({ search: { day: day.day, file: path } })}
        isOpen={({ path }) => path === open}
      />
    </Panel>
  );
}
