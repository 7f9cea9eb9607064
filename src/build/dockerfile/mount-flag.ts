import { refuseVariable } from "./copy.ts";
import type { MountField, MountFlag } from "./instruction.ts";
import { meant } from "./meant.ts";
import { resolveMount } from "./mount.ts";
import { aliases, allOptions, switches } from "./mount-options.ts";
import { refuse, type Statement } from "./statement.ts";
import { part, type Word } from "./word.ts";

/** A `--mount` flag's fields; one without variables is checked to its end. */
export function parseMount(statement: Statement, word: Word): MountFlag {
  const fields = csv(statement, word).map((field) => mountField(statement, field));
  const from = fields.find(({ key }) => key.raw === "from")?.value;
  if (from !== undefined) refuseVariable(statement, from, "from");
  const flag: MountFlag = { fields, location: word.location, ...(from === undefined ? {} : { from }) };
  if (!fields.some(({ value }) => value?.raw.includes("$"))) resolveMount(flag, () => undefined);
  return flag;
}

function mountField(statement: Statement, field: Word): MountField {
  const equals = field.raw.indexOf("=");
  const written = equals < 0 ? field : part(field, 0, equals);
  const lower = written.raw.toLowerCase();
  const key = { ...written, raw: aliases[lower] ?? lower };
  if (!allOptions.includes(lower) || (equals < 0 && !switches.includes(key.raw))) {
    const why =
      equals < 0
        ? `invalid field '${field.raw}' must be a key=value pair`
        : `unexpected key '${lower}' in '${field.raw}'`;
    refuse(statement, why, field.location, meant(lower, allOptions));
  }
  return equals < 0 ? { key } : { key, value: part(field, equals + 1) };
}

/** RFC 4180, one record: a field may stand in double quotes, two of which are one in it. */
function csv(statement: Statement, word: Word): Word[] {
  const field = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  const fields: Word[] = [];
  for (;;) {
    const at = field.lastIndex;
    const [, quoted, plain = "", end] = field.exec(word.raw) ?? refuseQuote(statement, word);
    const found =
      quoted === undefined ? part(word, at, at + plain.length) : part(word, at + 1, at + 1 + quoted.length);
    fields.push({ ...found, raw: found.raw.replaceAll('""', '"') });
    if (end === "") return fields;
  }
}

function refuseQuote(statement: Statement, word: Word): never {
  refuse(statement, "failed to parse csv mounts: a quote is out of place", word.location);
}
