/** Short names of what the API gives. */

import type { components } from "./schema";

type Schemas = components["schemas"];

export type Job = Schemas["Job"];
export type JobsMessage = Schemas["JobsMessage"];
export type JobStatus = Job["status"];
export type RunStatus = Schemas["ResultSummary"]["status"];
export type ResultSummary = Schemas["ResultSummary"];
export type BacktestResult = Schemas["BacktestResult"];
export type ResultTable = Schemas["ResultTable"];
export type OrderTable = Schemas["OrderTable"];
export type SweepRequest = Schemas["SweepRequest"];
export type SweepSummary = Schemas["SweepSummary"];
export type Sweep = Schemas["Sweep"];
export type SweepRun = Schemas["SweepRun"];
export type SweepFigures = NonNullable<SweepRun["figures"]>;
export type Comparison = Schemas["Comparison"];
export type Difference = Schemas["Difference"];
export type Change = Schemas["Change"];
export type BacktestRequest = Schemas["BacktestRequest"];
export type Strategy = Schemas["Strategy"];
export type CatalogInstrument = Schemas["CatalogInstrument"];
export type Objective = Schemas["Objective"];
export type ActiveAlert = Schemas["ActiveAlert"];
export type RawDay = Schemas["RawDay"];
export type RawFile = Schemas["RawFile"];
export type RejectReport = Schemas["RejectReport"];
export type Board = Schemas["BoardSummary"];
export type Notification = Schemas["Notification"];
export type Silence = Schemas["Silence"];
export type Matcher = Schemas["Matcher"];
export type RunbookPage = Schemas["RunbookPage"];
export type RunbookNode = Schemas["RunbookNode"];
export type Incident = Schemas["Incident"];
export type IncidentAlert = Schemas["IncidentAlert"];
export type RunningRun = Schemas["RunningRun"];
export type IncidentRun = Schemas["IncidentRun"];
export type TraceSearch = Schemas["TraceSearch"];
