/** A strategy's parameters from their JSON schema: what to draw, and what may be typed. */

interface SchemaNode {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: SchemaNode[];
  $ref?: string;
  default?: unknown;
  description?: string;
  unit?: string;
  title?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  maxLength?: number;
}

export type Kind = "integer" | "number" | "text" | "choice" | "flag";

export interface Parameter {
  name: string;
  label: string;
  kind: Kind;
  /** May be left empty. */
  optional: boolean;
  /** As text, the way a control holds it. */
  initial: string;
  hint: string | undefined;
  unit: string | undefined;
  choices: readonly string[];
  rules: SchemaNode;
}

/** The parameters in the order of the schema. */
export function parametersOf(schema: Record<string, unknown>): Parameter[] {
  const definitions = (schema.$defs ?? {}) as Record<string, SchemaNode>;
  const properties = (schema.properties ?? {}) as Record<string, SchemaNode>;
  return Object.entries(properties).map(([name, node]) => parameter(name, node, definitions));
}

function parameter(
  name: string,
  node: SchemaNode,
  definitions: Record<string, SchemaNode>,
): Parameter {
  const options = (node.anyOf ?? [node]).map((one) => resolved(one, definitions));
  const rules = options.find((one) => one.type !== "null") ?? node;
  const choices = (rules.enum ?? []).map(String);
  return {
    name,
    label: name.replaceAll("_", " "),
    kind: kindOf(rules),
    optional: options.some((one) => one.type === "null"),
    initial: node.default == null ? "" : plainText(node.default),
    hint: node.description,
    unit: node.unit ?? rules.unit,
    choices,
    rules,
  };
}

function plainText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function resolved(node: SchemaNode, definitions: Record<string, SchemaNode>): SchemaNode {
  const name = node.$ref?.split("/").at(-1);
  return (name !== undefined && definitions[name]) || node;
}

function kindOf(rules: SchemaNode): Kind {
  if (rules.enum) return "choice";
  if (rules.type === "boolean") return "flag";
  if (rules.type === "integer" || rules.type === "number") return rules.type;
  return "text";
}

/** What is wrong with a text for this parameter; undefined when nothing is. */
export function complaint(parameter: Parameter, text: string): string | undefined {
  const { kind, optional, rules } = parameter;
  if (text.trim() === "") return optional || kind === "text" ? undefined : "is needed";
  if (kind === "text") return tooLong(rules, text);
  if (kind === "choice" || kind === "flag") return undefined;
  const value = Number(text);
  if (!Number.isFinite(value)) return "must be a number";
  if (kind === "integer" && !Number.isInteger(value)) return "must be a whole number";
  return outOfBounds(rules, value);
}

function tooLong({ maxLength }: SchemaNode, text: string): string | undefined {
  return maxLength !== undefined && text.length > maxLength
    ? `must have ${maxLength} characters at most`
    : undefined;
}

function outOfBounds(rules: SchemaNode, value: number): string | undefined {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = rules;
  if (minimum !== undefined && value < minimum) return `must be ${minimum} or more`;
  if (maximum !== undefined && value > maximum) return `must be ${maximum} or less`;
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) {
    return `must be more than ${exclusiveMinimum}`;
  }
  if (exclusiveMaximum !== undefined && value >= exclusiveMaximum) {
    return `must be less than ${exclusiveMaximum}`;
  }
  return undefined;
}

/** The value that a text stands for; null for an optional one that is empty. */
export function valueOf(parameter: Parameter, text: string): unknown {
  if (parameter.kind === "text") return text;
  if (text.trim() === "") return null;
  if (parameter.kind === "flag") return text === "true";
  return parameter.kind === "choice" ? text : Number(text);
}
