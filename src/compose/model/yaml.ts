/** A document as docker compose v2 prints YAML: the library's structure, with the quotes that Go's printer sets. */
import { Document, type ScalarTag } from "yaml";
import type { Doc } from "./doc.ts";

export function yamlOf(doc: Doc): string {
  const document = new Document(doc, {
    customTags: (tags) => [text, number, ...tags],
    aliasDuplicateObjects: false,
    schema: "core",
  });
  return document.toString({ indent: 2, lineWidth: 0, nullStr: "null" });
}

const text: ScalarTag = {
  identify: (value) => typeof value === "string",
  default: true,
  tag: "tag:yaml.org,2002:str",
  resolve: (value) => value,
  stringify: ({ value }, { indent, implicitKey }) => quoted(String(value), indent, implicitKey === true),
};

/** A fraction has an exponent from a million on. */
const number: ScalarTag = {
  identify: (value) => typeof value === "number",
  default: true,
  tag: "tag:yaml.org,2002:float",
  resolve: Number,
  stringify: ({ value }) => {
    const own = Number(value);
    if (Number.isInteger(own) || Math.abs(own) < 1e6) {
      if (Number.isInteger(own) || Math.abs(own) >= 1e-4) return String(own);
    }
    return own.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  },
};

function quoted(value: string, indent: string, isKey: boolean): string {
  if (value.includes("\n") && !isKey) return isBlock.test(value) ? block(value, indent) : double(value);
  if (value === "" || means(value) || (isKey && value === "<<")) return double(value);
  if (isPlain(value)) return value;
  return /[\t\n]/.test(value) || unprintable.test(value) ? double(value) : `'${value.replaceAll("'", "''")}'`;
}

/** What YAML 1.1 or 1.2 takes for something else than a text. */
function means(value: string): boolean {
  return (
    /^(y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF|true|True|TRUE|false|False|FALSE|null|Null|NULL|~)$/.test(
      value,
    ) ||
    /^[-+]?(\.inf|\.Inf|\.INF)$|^(\.nan|\.NaN|\.NAN)$/.test(value) ||
    isNumber(value) ||
    // A time of day is a number in base 60.
    /^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$/.test(value) ||
    /^\d{4}-\d{1,2}-\d{1,2}([Tt ]\d{1,2}:\d{1,2}:\d{1,2}.*)?$/.test(value)
  );
}

/** `_` may stand between digits. */
function isNumber(value: string): boolean {
  const bare = /^[-+0-9]/.test(value) ? value.replaceAll("_", "") : value;
  if (/^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)(e[-+]?[0-9]+)?$/i.test(bare)) return Number.isFinite(Number(bare));
  const [, sign = "", digits = ""] = /^([-+]?)(0x[0-9a-f]+|0b[01]+|0o[0-7]+)$/i.exec(bare) ?? [];
  if (digits === "") return false;
  return sign === "-" ? BigInt(digits) <= 1n << 63n : BigInt(digits) < 1n << 64n;
}

/** And what ends a line elsewhere. */
const unprintable = /[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/u;

function isPlain(value: string): boolean {
  return (
    !/^[\s#,[\]{}&*!|>'"%@`]/.test(value) &&
    !/^[-?:]([\s]|$)/.test(value) &&
    !/^(---|\.\.\.)/.test(value) &&
    !/: |:$|\s#|[\s]$|[\t\n]/.test(value) &&
    !unprintable.test(value)
  );
}

/** No line ends in a space, and all can be seen. */
const isBlock = /^(?!.*[ ](\n|$))[\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]*$/su;

function block(value: string, indent: string): string {
  const inner = indent === "" ? "  " : indent;
  const width = /^[ \n]/.test(value) ? "2" : "";
  const chomp = value.endsWith("\n") ? (/^\n$|\n\n$/.test(value) ? "+" : "") : "-";
  const body = value.replace(/\n$/, "").split("\n");
  return `|${width}${chomp}\n${body.map((line) => (line === "" ? "" : inner + line)).join("\n")}`;
}

const escapes: Readonly<Record<string, string>> = {
  "\0": "0",
  "\x07": "a",
  "\b": "b",
  "\t": "t",
  "\n": "n",
  "\v": "v",
  "\f": "f",
  "\r": "r",
  "\x1b": "e",
  '"': '"',
  "\\": "\\",
  "\x85": "N",
  "\xa0": "_",
  "\u2028": "L",
  "\u2029": "P",
};

function double(value: string): string {
  const signs = [...value].map((sign) => {
    if (sign !== "\n" && sign !== '"' && sign !== "\\" && !unprintable.test(sign)) return sign;
    const known = escapes[sign];
    if (known !== undefined) return `\\${known}`;
    const code = (sign.codePointAt(0) ?? 0).toString(16).toUpperCase();
    if (code.length <= 2) return `\\x${code.padStart(2, "0")}`;
    return code.length <= 4 ? `\\u${code.padStart(4, "0")}` : `\\U${code.padStart(8, "0")}`;
  });
  return `"${signs.join("")}"`;
}
