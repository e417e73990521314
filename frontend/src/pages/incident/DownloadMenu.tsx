import { useMutation } from "@tanstack/react-query";

import { type BundleFormat, incidentFile } from "../../api/alertQueries";
import { Button } from "../../components/Button";
import type { Window } from "../../grafana/range";
import styles from "./IncidentPage.module.css";
import { saveFile } from "./saveFile";

const OTHERS: readonly (readonly [BundleFormat, string])[] = [
  ["markdown", "Markdown"],
  ["json", "JSON"],
];

/** The incident as a file to attach to a report: both documents, or one of them. */
export function DownloadMenu({ window }: { window: Window }) {
  const download = useMutation({
    mutationFn: (format: BundleFormat) => incidentFile(window.from, window.to, format),
    onSuccess: ({ blob, name }) => saveFile(blob, name),
  });
  return (
    <div className={styles.download}>
      {download.error && (
        <span className={styles.error} role="alert">
          {download.error.message}
        </span>
      )}
      {OTHERS.map(([format, title]) => (
        <Button
          key={format}
          disabled={download.isPending}
          aria-label={`Download as ${title}`}
          onClick={() => download.mutate(format)}
        >
          {title}
        </Button>
      ))}
      <Button
        kind="primary"
        disabled={download.isPending}
        title="Markdown and JSON in one archive"
        onClick={() => download.mutate("zip")}
      >
        {download.isPending ? "Downloading" : "Download bundle"}
      </Button>
    </div>
  );
}
