/**
 * `scripts/bun scripts/generate-conformance.ts` writes docs/CONFORMANCE.md from test/conformance. With `--against FOLDER`,
 * which holds the pages of the OCI runtime specification, it prints instead what they demand and nobody quotes.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pages } from "../test/conformance/pages.ts";
import { differences } from "../test/conformance/suite/sentences.ts";
import { renderTable } from "../test/conformance/suite/table.ts";

const [flag, folder] = process.argv.slice(2);
if (flag === "--against" && folder !== undefined) {
  const found = differences(folder, pages);
  for (const line of found) console.log(line);
  process.exitCode = found.length === 0 ? 0 : 1;
} else {
  writeFileSync(join(import.meta.dir, "../docs/CONFORMANCE.md"), renderTable(pages));
}
