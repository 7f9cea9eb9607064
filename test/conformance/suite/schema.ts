import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv-draft-04";

const folder = join(import.meta.dir, "../schema");
const parse = (name: string): object => JSON.parse(readFileSync(join(folder, name), "utf8"));

/** Other platforms' parts, which config-schema.json refers to: nothing here uses them. */
const elsewhere = ["freebsd", "solaris", "vm", "windows", "zos"].map((platform) => ({
  $id: `config-${platform}.json`,
  [platform]: false,
}));
const shared = ["config-linux.json", "defs-linux.json", "defs.json", "features-linux.json"];

/** Where `value` breaks the specification's JSON schema, in words; nothing where it does not. */
export function breaches(
  schema: "config-schema.json" | "features-schema.json" | "state-schema.json",
  value: unknown,
): string[] {
  const ajv = new Ajv({ allErrors: true, strict: false, logger: false });
  for (const name of shared) ajv.addSchema(parse(name), name);
  for (const { $id, ...rest } of elsewhere) ajv.addSchema(rest, $id);
  const validate = ajv.compile(parse(schema));
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
