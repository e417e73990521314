/** What the pages of raw files and of the catalog ask for, besides what others ask too. */

import { type QueryClient, queryOptions } from "@tanstack/react-query";

import { api, content } from "./client";
import { instruments, rawDays } from "./queries";

export const rejects = (date: string, file: string) =>
  queryOptions({
    queryKey: ["datasets", "rejects", date, file],
    queryFn: ({ signal }) =>
      content(api.GET("/api/datasets/rejects", { params: { query: { date, file } }, signal })),
  });

export interface Conversion {
  date: string;
  files?: string[];
  force?: boolean;
}

/** Start a conversion; gives the id of its job. */
export async function convert(body: Conversion): Promise<string> {
  const accepted = await content(
    api.POST("/api/datasets/convert", { body: { force: false, ...body } }),
  );
  return accepted.job_id;
}

/** A conversion has ended, well or not: raw files and catalog are no longer what they were. */
export async function forgetData(client: QueryClient): Promise<void> {
  await Promise.all(
    [rawDays, instruments].map(({ queryKey }) => client.invalidateQueries({ queryKey })),
  );
}
