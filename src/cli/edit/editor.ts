import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "../options/usage-error.ts";

/** Lets somebody change a text in VISUAL, EDITOR or vi. Nobody else can read it meanwhile: environments hold secrets. */
export function edited(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "inro-edit-"));
  const file = join(folder, "container");
  try {
    writeFileSync(file, text, { mode: 0o600 });
    const editor = process.env["VISUAL"] || process.env["EDITOR"] || "vi";
    // As git does: it may have words of its own.
    const ended = spawnSync("sh", ["-c", `${editor} "$1"`, editor, file], { stdio: "inherit" });
    if (ended.status !== 0)
      throw new UsageError(
        `the editor (${editor}) ended with ${ended.status ?? ended.signal}: nothing was changed`,
        1,
      );
    return readFileSync(file, "utf8");
  } finally {
    rmSync(folder, { recursive: true });
  }
}
