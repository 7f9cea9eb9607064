/** How a build failed: the step's last output, the lines of the Dockerfile, and what went wrong. Pure. */
import type { BuildLineOf } from "../../../oci/build-line.ts";
import type { Paint } from "../../terminal/paint.ts";

const RULE = "─".repeat(20);

export function failureText(
  { title, snippet, message }: BuildLineOf<"failed">,
  tail: readonly string[],
  paint: Paint,
  /** Under which its log is kept. */
  build: string | null,
): string {
  return [
    ...(title === null ? [] : [paint("dim", RULE), ` > ${paint("bold", title)}`]),
    ...tail.map((line) => ` │ ${line}`),
    ...(snippet === "" ? [] : [paint("dim", RULE), snippet, paint("dim", RULE)]),
    ...(build === null ? [] : [paint("dim", `the whole log: inro builder logs ${build}`)]),
    `${paint("red", "inro:")} ${message}`,
  ]
    .map((line) => `${line}\n`)
    .join("");
}
