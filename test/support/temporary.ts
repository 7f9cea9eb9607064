import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of the test's own, gone at the end of its scope: `using folder = temporaryFolder("image")`. */
export function temporaryFolder(room: string): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), `inro-${room}-`));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
