import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv, { type ValidateFunction } from "ajv-draft-04";

const folder = join(import.meta.dir, "../schema");
const parse = (name: string): object => JSON.parse(readFileSync(join(folder, name), "utf8"));

/** Other platforms' parts, which config-schema.json refers to: nothing here uses them. */
const elsewhere = ["freebsd", "solaris", "vm", "windows", "zos"];
const shared = ["config-linux.json", "defs-linux.json", "defs.json", "features-linux.json"];

export type SchemaName = "config-schema.json" | "features-schema.json" | "state-schema.json";

const compiled = new Map<SchemaName, ValidateFunction>();

function validatorOf(schema: SchemaName): ValidateFunction {
  const made = compiled.get(schema);
  if (made !== undefined) return made;
  const ajv = new Ajv({ allErrors: true, strict: false, logger: false });
  for (const name of shared) ajv.addSchema(parse(name), name);
  for (const platform of elsewhere) ajv.addSchema({ [platform]: false }, `config-${platform}.json`);
  const validate = ajv.compile(parse(schema));
  compiled.set(schema, validate);
  return validate;
}

/** Where `value` breaks the specification's JSON schema, in words; nothing where it does not. */
export function breaches(schema: SchemaName, value: unknown): string[] {
  const validate = validatorOf(schema);
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
