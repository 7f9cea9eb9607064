import type { Dockerfile } from "../dockerfile.ts";
import { linesAround } from "../location.ts";
import type { Finding } from "./finding.ts";
import { descriptionOf, urlOf } from "./rules.ts";

const rule = "-".repeat(20);

/** What `build --check` prints. */
export function printFindings({ source }: Dockerfile, findings: readonly Finding[]): string {
  const count = findings.length;
  if (count === 0) return "Check complete, no warnings found.\n";
  const head =
    count === 1
      ? "Check complete, 1 warning has been found!"
      : `Check complete, ${count} warnings have been found!`;
  const parts = findings.map((finding) => {
    const url = urlOf(finding.rule);
    const { start, end } = finding.lines;
    const where = start.line === end.line ? `${start.line}` : `${start.line}-${end.line}`;
    return [
      `WARNING: ${finding.rule}${url === "" ? "" : ` - ${url}`}`,
      finding.message,
      `${source.file}:${where}`,
      rule,
      ...linesAround(source, finding.lines, false),
      rule,
    ].join("\n");
  });
  return `${[head, ...parts].join("\n\n")}\n\n`;
}

/** One line for the end of a build: `StageNameCasing: Stage name 'A' should be lowercase (line 3)`. */
export const shortFinding = ({ rule, message, lines }: Finding): string =>
  `${rule}: ${message} (line ${lines.start.line})`;

/** What `--call=check,format=json` prints, in BuildKit's shape. */
export function findingsAsJson({ source }: Dockerfile, findings: readonly Finding[]) {
  const data = Buffer.from(source.lines.join("\n")).toString("base64");
  return {
    warnings: findings.map(({ rule, message, lines }) => ({
      ruleName: rule,
      description: descriptionOf(rule),
      ...(urlOf(rule) === "" ? {} : { url: urlOf(rule) }),
      detail: message,
      location: { ranges: [{ start: { line: lines.start.line }, end: { line: lines.end.line } }] },
    })),
    sources: [{ fileName: source.file, language: "Dockerfile", data }],
  };
}
