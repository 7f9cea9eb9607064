import type { Client } from "./client.ts";
import { IMAGE } from "./image.ts";
import { megabyte, remove, type Served } from "./rows.ts";
import { type Attempt, interleave, medians } from "./sample.ts";
import type { Row } from "./table.ts";

const SIZE = 100 * megabyte;
const LINE =
  "2026-11-26T07:00:00.000Z INFO request served: GET /index.html 200 in 3 ms, 4096 bytes sent to client";
const command = ["sh", "-c", `busybox yes '${LINE}' | busybox head -c ${SIZE}`];

/** Nothing is thrown away, as dockerd does where nobody tells it otherwise. */
const whole = { LogConfig: { Type: "json-file", Config: { "max-size": "-1" } } };

async function make(api: Client, host: object): Promise<string> {
  const made = await api.call("POST", "/containers/create", { Image: IMAGE, Cmd: command, HostConfig: host });
  return (made as { Id: string }).Id;
}

async function write(api: Client, id: string): Promise<void> {
  await api.call("POST", `/containers/${id}/start`);
  await api.call("POST", `/containers/${id}/wait`);
}

/** What a container writes in one go until all of it is in its log, and the end of that log. */
export async function* outputRows(engines: readonly Served[], rounds: number): AsyncGenerator<Row> {
  const kinds = engines.flatMap(({ name, api }) => [
    { name, api, host: {} },
    ...(name === "inro" ? [{ name: "inro, nothing rotated", api, host: whole }] : []),
  ]);
  const attempts = kinds.map(({ name, api, host }): Attempt => {
    let id = "";
    return {
      name,
      run: async () => {
        id = await make(api, host);
        await write(api, id);
      },
      settle: () => remove(api, id),
    };
  });
  yield {
    work: `${SIZE / megabyte} MB of a container's output, from create to its end`,
    unit: "ms",
    values: medians(await interleave(attempts, rounds)),
    budget: { factor: 0.33, against: "docker" },
  };
  const full = await Promise.all(
    kinds.map(async ({ name, api, host }) => {
      const id = await make(api, host);
      await write(api, id);
      return { name, api, id };
    }),
  );
  try {
    const tail = "stdout=1&stderr=1&tail=10";
    const readers = full.map(({ name, api, id }) => ({
      name,
      run: () => api.read(`/containers/${id}/logs?${tail}`),
    }));
    yield {
      work: `the last ten lines of that log (API)`,
      unit: "ms",
      values: medians(await interleave(readers, 4 * rounds)),
      budget: { limit: 20 },
    };
  } finally {
    for (const { api, id } of full) await remove(api, id);
  }
}
