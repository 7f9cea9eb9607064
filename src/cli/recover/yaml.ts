/** Records, lists and scalars as YAML 1.2 in block style; whatever could be read as something else is quoted as JSON is. */
export function yaml(value: unknown, indent = ""): string {
  if (Array.isArray(value)) return value.map((each) => `${indent}- ${item(each, `${indent}  `)}`).join("");
  const entries = Object.entries(value as Record<string, unknown>);
  return entries.map(([key, each]) => `${indent}${scalar(key)}:${member(each, indent)}`).join("");
}

function member(value: unknown, indent: string): string {
  if (isEmpty(value)) return ` ${JSON.stringify(value)}\n`;
  return typeof value === "object" && value !== null
    ? `\n${yaml(value, `${indent}  `)}`
    : ` ${scalar(value)}\n`;
}

function item(value: unknown, indent: string): string {
  if (typeof value !== "object" || value === null || isEmpty(value)) return `${scalar(value)}\n`;
  return yaml(value, indent).slice(indent.length);
}

const isEmpty = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Object.keys(value).length === 0;

/** What begins with a letter or a slash and holds nothing that YAML has a use for is a text by itself. */
function scalar(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  const plain = /^[A-Za-z/.][\w./@-]*$/.test(value);
  const word = /^(y|n|yes|no|true|false|on|off|null|~|\.nan|\.inf)$/i.test(value);
  return plain && !word ? value : JSON.stringify(value);
}
