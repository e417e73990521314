/**
 * OTLP's JSON, as trace stores write it.
 *
 * Tempo and the embedded store use protobuf's mapping: ids in base64, 64-bit integers as texts, names
 * of enumerations. OTLP/JSON proper has ids in hexadecimal and numbers of enumerations. Tempo's older
 * answers hold `batches` instead of `resourceSpans`. All are read.
 */

import type { Attributes, Span, SpanEvent, SpanLink, Trace, Value } from "./model";

interface AnyValue {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: string | number;
  doubleValue?: number | string;
  bytesValue?: string;
  arrayValue?: { values?: AnyValue[] };
  kvlistValue?: { values?: KeyValue[] };
}

export interface KeyValue {
  key: string;
  value?: AnyValue;
}

interface Raw {
  spanId?: string;
  parentSpanId?: string;
  name?: string;
  kind?: string | number;
  startTimeUnixNano?: string | number;
  endTimeUnixNano?: string | number;
  attributes?: KeyValue[];
  status?: { code?: string | number; message?: string };
  events?: { name?: string; timeUnixNano?: string | number; attributes?: KeyValue[] }[];
  links?: { traceId?: string; spanId?: string; attributes?: KeyValue[] }[];
}

interface RawScope {
  scope?: { name?: string; version?: string };
  /** What scopes were called before OpenTelemetry 1.0. */
  instrumentationLibrary?: { name?: string; version?: string };
  spans?: Raw[];
}

interface RawResource {
  resource?: { attributes?: KeyValue[] };
  scopeSpans?: RawScope[];
  instrumentationLibrarySpans?: RawScope[];
}

interface Resources {
  resourceSpans?: RawResource[];
  batches?: RawResource[];
}

const ERROR = [2, "STATUS_CODE_ERROR"];
const KINDS = ["", "", "server", "client", "producer", "consumer"];
const [SPAN_DIGITS, TRACE_DIGITS] = [16, 32];
const ROLE = "nautilus.role";
const SLOT = "nautilus.slot";
const WORKER = "worker";

/** The trace in a store's answer; null when it has no span. */
export function readTrace(answer: unknown): Trace | null {
  const holder = answer as (Resources & { trace?: Resources }) | null;
  const whole = holder?.trace ?? holder;
  const raw = [...rawSpans(whole?.resourceSpans ?? whole?.batches ?? [])];
  const began = raw.reduce<bigint | null>((least, { span }) => {
    const start = nanoseconds(span.startTimeUnixNano);
    return least === null || start < least ? start : least;
  }, null);
  if (began === null) return null;
  const known = new Map<string, Span>();
  for (const { span, around } of raw) {
    const read = spanOf(span, around, began);
    // A store may have been sent a span twice.
    if (!known.has(read.id)) known.set(read.id, read);
  }
  const spans = [...known.values()];
  const length = spans.reduce((most, { end }) => Math.max(most, end), 0);
  return { began, length, spans };
}

interface Around {
  service: string;
  process: string;
  resource: Attributes;
  scope: string;
}

function* rawSpans(resources: readonly RawResource[]): Generator<{ span: Raw; around: Around }> {
  for (const one of resources) {
    const resource = attributesOf(one.resource?.attributes);
    const service = text(resource["service.name"]);
    const process = processOf(service, resource);
    for (const inner of one.scopeSpans ?? one.instrumentationLibrarySpans ?? []) {
      const { name = "", version = "" } = inner.scope ?? inner.instrumentationLibrary ?? {};
      const around = { service, process, resource, scope: [name, version].join(" ").trim() };
      for (const span of inner.spans ?? []) yield { span, around };
    }
  }
}

function processOf(service: string, resource: Attributes): string {
  const role = resource[ROLE];
  const slot = role === WORKER ? resource[SLOT] : undefined;
  return [service, role, slot]
    .filter((part) => part !== undefined)
    .map(text)
    .join(" ");
}

function spanOf(raw: Raw, around: Around, began: bigint): Span {
  const since = (given: string | number | undefined) => Number(nanoseconds(given) - began);
  return {
    ...around,
    id: hexOf(raw.spanId, SPAN_DIGITS),
    parent: hexOf(raw.parentSpanId, SPAN_DIGITS),
    name: raw.name ?? "",
    kind: kindOf(raw.kind),
    start: since(raw.startTimeUnixNano),
    end: since(raw.endTimeUnixNano),
    failed: ERROR.includes(raw.status?.code ?? 0),
    message: raw.status?.message ?? "",
    attributes: attributesOf(raw.attributes),
    events: (raw.events ?? []).map(({ name = "", timeUnixNano, attributes }): SpanEvent => ({
      name,
      at: since(timeUnixNano),
      attributes: attributesOf(attributes),
    })),
    links: (raw.links ?? []).map((link): SpanLink => {
      const [trace, span] = [hexOf(link.traceId, TRACE_DIGITS), hexOf(link.spanId, SPAN_DIGITS)];
      return { trace, span, attributes: attributesOf(link.attributes) };
    }),
  };
}

function kindOf(kind: string | number | undefined): string {
  if (typeof kind === "number") return KINDS[kind] ?? "";
  const name = kind?.replace("SPAN_KIND_", "").toLowerCase() ?? "";
  return KINDS.includes(name) ? name : "";
}

/** Attributes by key, in the order of the store. */
export function attributesOf(pairs: readonly KeyValue[] = []): Attributes {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, plainValue(value)]));
}

function plainValue(value: AnyValue | undefined): Value {
  if (value?.stringValue !== undefined) return value.stringValue;
  if (value?.boolValue !== undefined) return value.boolValue;
  if (value?.intValue !== undefined) return integer(value.intValue);
  if (value?.doubleValue !== undefined) return Number(value.doubleValue);
  if (value?.arrayValue) return (value.arrayValue.values ?? []).map(plainValue);
  if (value?.kvlistValue) return { ...attributesOf(value.kvlistValue.values) };
  return value?.bytesValue ?? null;
}

function integer(given: string | number): number | bigint {
  const number = Number(given);
  return Number.isSafeInteger(number) ? number : BigInt(given);
}

/** Unix nanoseconds; zero where there are none. */
function nanoseconds(given: string | number | undefined): bigint {
  return BigInt(given ?? 0);
}

/** An id in hexadecimal, also where protobuf's JSON wrote it in base64. */
export function hexOf(id: string | undefined, digits: number): string {
  if (!id) return "";
  if (id.length === digits && /^[0-9a-f]+$/i.test(id)) return id.toLowerCase();
  try {
    const bytes = Array.from(atob(id), (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0"));
    return bytes.join("");
  } catch {
    return id;
  }
}

function text(value: Value | undefined): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}
