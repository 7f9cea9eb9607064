import type { BuildLine, BuildLineOf } from "../../oci/build-line.ts";
import { classicText } from "../print/build/classic.ts";
import { titleOf } from "../print/build/lines.ts";
import type { AnyLine, ClassicLine } from "./line.ts";

type Checked = BuildLineOf<"checked">;

/** What came of a build. */
export interface Followed {
  readonly checked: Checked | undefined;
  readonly id: string;
  readonly error: string | undefined;
  /** The failure was shown as it came. */
  readonly isTold: boolean;
}

export interface Watching {
  show(line: BuildLine): void;
  /** What Docker's classic builder writes. */
  text(text: string): void;
  /** A step failed and is kept for a shell, in the build of this id. */
  held?(build: string, title: string): Promise<void>;
}

/** Follows a build's lines to their end. */
export async function follow(lines: AsyncIterable<AnyLine>, watching: Watching): Promise<Followed> {
  const classic = classicText();
  let id: string | undefined;
  let error: string | undefined;
  let isTold = false;
  let build = "";
  const titles = new Map<number, string>();
  let checked: Checked | undefined;
  for await (const line of lines) {
    if ("error" in line) error = line.error;
    else if ("type" in line) {
      if (line.type === "build") build = line.id;
      if (line.type === "started") titles.set(line.step, titleOf(line));
      if (line.type === "held") await watching.held?.(build, titles.get(line.step) ?? "the step");
      watching.show(line);
      if (line.type === "failed") isTold = true;
      if (line.type === "image") id = line.id;
      if (line.type === "checked") checked = line;
    } else watching.text(classic.text(line as ClassicLine));
  }
  id ??= classic.id;
  if (id === undefined && checked === undefined && error === undefined)
    error = "the engine ended the build without an image";
  return { id: id ?? "", error, isTold, checked };
}
