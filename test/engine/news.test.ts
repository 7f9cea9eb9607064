import { expect, test } from "bun:test";
import { join } from "node:path";
import { openNews } from "../../src/engine/news.ts";
import { openRecords } from "../../src/engine/records.ts";
import { temporaryFolder } from "../support/temporary.ts";

test("what happened and what happens come in order, filtered, until the signal", async () => {
  using folder = temporaryFolder("engine");
  const records = openRecords(join(folder.path, "inro.db"));
  const news = openNews(records);
  const tell = (action: string, id: string, attributes = {}) =>
    news.tell({ type: "container", action, id, attributes: { name: `n-${id}`, ...attributes } });
  tell("create", "a1");
  tell("create", "b2");
  const stop = new AbortController();
  const filters = { container: ["n-a1", "a1"], event: ["create", "die"] };
  const heard: string[] = [];
  const reading = (async () => {
    for await (const event of news.stream({ since: 0n, until: null, filters }, stop.signal)) {
      heard.push(event.action);
      if (event.action === "die") stop.abort();
    }
  })();
  tell("start", "a1");
  tell("die", "b2");
  tell("die", "a1", { exitCode: "3" });
  await reading;
  expect(heard).toEqual(["create", "die"]);
  records.close();
});

test("a stream with an end ends", async () => {
  using folder = temporaryFolder("engine");
  const records = openRecords(join(folder.path, "inro.db"));
  const news = openNews(records);
  const until = BigInt(Date.now() + 50) * 1_000_000n;
  const events = [];
  for await (const event of news.stream({ since: 0n, until, filters: {} }, new AbortController().signal))
    events.push(event);
  expect(events).toEqual([]);
  records.close();
});
