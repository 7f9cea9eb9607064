import { expect, test } from "bun:test";
import { openRepository } from "../../src/image/registry/repository.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { type Refusal, writtenRegistry } from "./written-registry.ts";

/** A registry whose list of tags is these answers, one after the other. */
async function listing(...answers: readonly Refusal[]) {
  const registry = await writtenRegistry({
    decide: ({ path }) => {
      if (!path.includes("/tags/list")) return undefined;
      const last = Number(new URL(path, "http://x").searchParams.get("last") ?? 0);
      return answers[last] ?? { status: 404 };
    },
  });
  const repository = await openRepository(parseReference(`${registry.address}/team/app`), { attempts: 1 });
  return {
    registry,
    tags: () => repository.tags(),
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  };
}

const page = (tags: unknown, next?: string): Refusal => ({
  status: 200,
  body: JSON.stringify({ name: "team/app", tags }),
  ...(next === undefined ? {} : { headers: { link: `<${next}>; rel="next"` } }),
});

test("tags are listed over all pages, each once; a repository may have none", async () => {
  await using three = await listing(
    page(["1", "2"], "/v2/team/app/tags/list?n=2&last=1"),
    page(["2", "3"], "/v2/team/app/tags/list?n=2&last=2"),
    page(["latest"]),
  );
  expect(await three.tags()).toEqual(["1", "2", "3", "latest"]);
  await using none = await listing(page(null));
  expect(await none.tags()).toEqual([]);
});

test("another host's page is not followed, pages without end are left, and what is no list is refused", async () => {
  await using away = await listing(page(["1"], "http://192.0.2.1/v2/team/app/tags/list"));
  expect(await away.tags()).toEqual(["1"]);
  await using endless = await listing(page(["1"], "/v2/team/app/tags/list"));
  expect(await endless.tags()).toEqual(["1"]);
  expect(endless.registry.seen.length).toBeLessThan(110);
  const many = Array.from({ length: 10_001 }, (_, n) => `v${n}`);
  for (const wrong of [page(["no tag"]), page("1"), page(many), { status: 200, body: "{" }]) {
    await using refused = await listing(wrong);
    await expect(refused.tags()).rejects.toMatchObject({ code: "REGISTRY_ERROR" });
  }
  await using missing = await listing();
  await expect(missing.tags()).rejects.toMatchObject({ code: "NO_SUCH_IMAGE" });
});
