import { bytes, count, duration, plain } from "../lib/format";
import { type Value, valueText } from "./model";

/** Whole numbers that name something instead of counting it. */
const CODE = /(?:status_code|port|slot)$/;

/** The value of an attribute for people, in the unit that its name ends in. */
export function attributeText(key: string, value: Value): string {
  if (typeof value !== "number") return valueText(value);
  if (key.endsWith("_seconds")) return duration(value);
  if (key.endsWith("_bytes") || /\.bytes_\w+$/.test(key)) return bytes(value);
  if (CODE.test(key)) return String(value);
  return Number.isInteger(value) ? count(value) : plain(value);
}
