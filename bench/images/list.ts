import { imagesArchive } from "../image.ts";
import { reader } from "../reader.ts";
import type { Served } from "../rows.ts";
import { interleave, medians } from "../sample.ts";
import type { Row } from "../table.ts";

/** A list of `count` images beside each engine's own. */
export async function imagesRow(engines: readonly Served[], count: number, rounds: number): Promise<Row> {
  const archive = await imagesArchive(count);
  for (const { api } of engines) await api.upload("/images/load?quiet=true", archive);
  const readers = await Promise.all(
    engines.map(async ({ name, socket }) => ({ name, ...(await reader(socket ?? "", "/images/json")) })),
  );
  try {
    const attempts = readers.map(({ name, read }) => ({ name, run: read }));
    const values = medians(await interleave(attempts, rounds, 10));
    return { work: `list ${count} images (API)`, unit: "ms", values, budget: { limit: 10 } };
  } finally {
    for (const { close } of readers) close();
  }
}
