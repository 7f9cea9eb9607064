import document from "./compose-spec.json" with { type: "json" };

/** What the Compose specification's schema uses of JSON Schema (draft 7). `description`, `default` and `deprecated` say nothing of what fits. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: Type | readonly Type[];
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
  readonly uniqueItems?: boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean;
  readonly required?: readonly string[];
}

export type Type = "string" | "number" | "integer" | "boolean" | "null" | "object" | "array";

const { definitions, ...root } = document as unknown as Schema & {
  readonly definitions: Readonly<Record<string, Schema>>;
};

export const COMPOSE_SCHEMA: Schema = root;

/** The schema that a `$ref` stands for, else itself. */
export function resolved(schema: Schema): Schema {
  const name = schema.$ref?.replace("#/definitions/", "");
  const found = name === undefined ? undefined : definitions[name];
  return found === undefined ? schema : resolved(found);
}
