import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv, { type ValidateFunction } from "ajv-draft-04";

/** A part of Docker's description of its API: Swagger 2.0's dialect of JSON schema. */
export interface Schema {
  readonly [keyword: string]: unknown;
  readonly $ref?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly additionalProperties?: Schema | boolean;
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header" | "body";
  readonly required?: boolean;
  readonly type?: string;
  readonly schema?: Schema;
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly responses: Readonly<Record<string, { readonly schema?: Schema }>>;
}

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly definitions: Readonly<Record<string, Schema>>;
}

export interface Endpoint {
  readonly method: string;
  /** As the description writes it: `/containers/{id}/json`. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly responses: Operation["responses"];
}

type DescribedVersion = "1.41" | "1.51";

export interface ApiDescription {
  readonly endpoints: readonly Endpoint[];
  readonly definitions: Description["definitions"];
  find(method: string, path: string): Endpoint | undefined;
  /** Where `value` breaks the schema, in words. */
  breaches(schema: Schema, value: unknown): string[];
}

const read = new Map<DescribedVersion, ApiDescription>();

export function apiDescription(version: DescribedVersion = "1.51"): ApiDescription {
  const known = read.get(version);
  if (known !== undefined) return known;
  const file = join(import.meta.dir, `description/v${version}.json`);
  const made = compile(JSON.parse(readFileSync(file, "utf8")));
  read.set(version, made);
  return made;
}

function compile({ paths, definitions }: Description): ApiDescription {
  const ajv = new Ajv({ allErrors: true, strict: false, logger: false, validateFormats: false });
  ajv.addSchema({ id: "api", definitions: nullable(definitions) });
  const compiled = new Map<Schema, ValidateFunction>();
  const validator = (schema: Schema) => {
    const made = compiled.get(schema) ?? ajv.compile(absolute(nullable(schema)) as object);
    compiled.set(schema, made);
    return made;
  };
  const endpoints = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { parameters = [], responses }]) => {
      return { method: method.toUpperCase(), path, parameters, responses };
    }),
  );
  const patterns = endpoints.map((endpoint) => ({ endpoint, pattern: patternOf(endpoint.path) }));
  return {
    endpoints,
    definitions,
    find: (method, path) =>
      patterns.find(({ endpoint, pattern }) => endpoint.method === method && pattern.test(path))?.endpoint,
    breaches: (schema, value) => {
      const validate = validator(schema);
      const wrong = validate(value) ? [] : (validate.errors ?? []);
      const broken = wrong.map(({ instancePath, message }) => `${instancePath} ${message}`);
      return [...broken, ...unknownFields(definitions, schema, value, "")];
    },
  };
}

/** Names of images and what belongs to them hold slashes. */
function patternOf(path: string): RegExp {
  const inSegment = path.startsWith("/images/") || path.startsWith("/distribution/") ? ".+" : "[^/]+";
  return new RegExp(`^${path.replace(/\{\w+\}/g, inSegment)}$`);
}

/** Swagger's `x-nullable` in JSON schema's words. */
function nullable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nullable);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, part]) => [key, nullable(part)] as const);
  const schema: Record<string, unknown> = Object.fromEntries(entries);
  if (schema["x-nullable"] !== true) return schema;
  if (schema["type"] === undefined) return { anyOf: [schema, { type: "null" }] };
  const choices = schema["enum"];
  return {
    ...schema,
    type: [schema["type"], "null"],
    ...(Array.isArray(choices) ? { enum: [...choices, null] } : {}),
  };
}

/** References of a schema outside of the definitions, which know each other by `#`. */
function absolute(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(absolute);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, part]) => [
    key,
    key === "$ref" && typeof part === "string" ? `api${part}` : absolute(part),
  ]);
  return Object.fromEntries(entries);
}

interface Shape {
  readonly properties: Readonly<Record<string, Schema>>;
  readonly rest: Schema | boolean | undefined;
  readonly items: Schema | undefined;
}

/** The schema with its references and its `allOf` resolved. */
function shapeOf(definitions: Description["definitions"], schema: Schema): Shape {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.slice("#/definitions/".length);
    return shapeOf(definitions, definitions[name] ?? {});
  }
  const parts = (schema.allOf ?? []).map((part) => shapeOf(definitions, part));
  return {
    properties: Object.assign({}, ...parts.map((part) => part.properties), schema.properties),
    rest: schema.additionalProperties ?? parts.find(({ rest }) => rest !== undefined)?.rest,
    items: schema.items,
  };
}

/** Fields that the description does not have: a name that is misspelled would otherwise not be seen. */
function unknownFields(
  definitions: Description["definitions"],
  schema: Schema,
  value: unknown,
  at: string,
): string[] {
  if (typeof value !== "object" || value === null) return [];
  const { properties, rest, items } = shapeOf(definitions, schema);
  if (Array.isArray(value)) {
    return value.flatMap((entry, index) =>
      items === undefined ? [] : unknownFields(definitions, items, entry, `${at}/${index}`),
    );
  }
  const open = rest !== undefined || Object.keys(properties).length === 0;
  return Object.entries(value).flatMap(([name, part]) => {
    const known = properties[name] ?? (typeof rest === "object" ? rest : undefined);
    if (known !== undefined) return unknownFields(definitions, known, part, `${at}/${name}`);
    return open ? [] : [`${at}/${name} is not in the description`];
  });
}
