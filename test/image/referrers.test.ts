import { describe, expect, test } from "bun:test";
import { openRepository } from "../../src/image/registry/repository.ts";
import { type Digest, digestOf } from "../../src/oci/digest.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { rootMissing } from "../support/engine.ts";
import { machine } from "../support/host.ts";
import { registry, registryMissing } from "../support/registry.ts";
import { writtenRegistry } from "./written-registry.ts";

const type = "application/vnd.oci.image.manifest.v1+json";
const empty = "application/vnd.oci.empty.v1+json";

/** Puts an image of nothing and two artifacts that refer to it; answers their digests. */
async function signed(address: string) {
  const repository = await openRepository(parseReference(`${address}/team/app`), { access: "push" });
  const nothing = { mediaType: empty, ...(await repository.putBytes(Buffer.from("{}"))) };
  const image = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: type, config: nothing, layers: [] }),
  );
  const { digest: subject } = await repository.putManifest({ content: image, mediaType: type }, "1");
  const artifact = (kind: string, annotation: string) => ({
    mediaType: type,
    content: Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: type,
        artifactType: kind,
        config: nothing,
        layers: [],
        subject: { mediaType: type, digest: subject, size: image.length },
        annotations: { note: annotation },
      }),
    ),
  });
  const signature = artifact("application/vnd.example.signature", "by me");
  const bill = artifact("application/vnd.example.sbom", "of materials");
  for (const each of [signature, bill, signature]) await repository.putReferrer(each);
  return { repository, subject, signature: digestOf(signature.content), bill: digestOf(bill.content) };
}

async function check(address: string): Promise<void> {
  const { repository, subject, signature, bill } = await signed(address);
  const all = await repository.referrers(subject);
  expect(all.map(({ digest }) => digest).sort()).toEqual([signature, bill].sort());
  const [only, ...others] = await repository.referrers(subject, "application/vnd.example.signature");
  expect(others).toEqual([]);
  expect(only).toMatchObject({ digest: signature, mediaType: type });
  expect((await repository.manifest(signature)).digest).toBe(signature);
  expect(await repository.referrers(signature as Digest)).toEqual([]);
}

describe("referrers of a manifest", () => {
  test("at a registry that lists them itself; no tag is made", async () => {
    await using own = await writtenRegistry({ referrers: true });
    await check(own.address);
    expect([...own.manifests.keys()].filter((key) => key.includes(":sha256-"))).toEqual([]);
  });

  test("at one that does not: under the tag of the specification", async () => {
    await using own = await writtenRegistry();
    await check(own.address);
    const tags = [...own.manifests].filter(([key]) => key.includes(":sha256-"));
    expect(tags.length).toBe(1);
    const list = JSON.parse(tags[0]?.[1].content.toString() ?? "") as { manifests: object[] };
    expect(list.manifests).toContainEqual(expect.objectContaining({ annotations: { note: "by me" } }));
  });

  test("that several add at the same moment are all listed", async () => {
    await using own = await writtenRegistry();
    const { repository, subject } = await signed(own.address);
    const config = { mediaType: empty, digest: digestOf("{}"), size: 2 };
    const image = { mediaType: type, digest: subject, size: own.manifests.get("team/app:1")?.content.length };
    const artifact = (n: number) => ({
      mediaType: type,
      content: Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: type,
          config,
          layers: [],
          subject: image,
          annotations: { n: String(n) },
        }),
      ),
    });
    await Promise.all([1, 2, 3].map((n) => repository.putReferrer(artifact(n))));
    expect((await repository.referrers(subject)).length).toBe(5);
  });

  test.skipIf(rootMissing || registryMissing)("at Debian's docker-registry", async () => {
    using host = machine();
    await using real = await registry(host);
    await check(real.address);
  });

  test("pages without end, and without bound of what stands on them, are given up", async () => {
    const note = "x".repeat(6 << 20);
    const manifests = [{ mediaType: type, digest: digestOf("1"), size: 1, annotations: { note } }];
    await using own = await writtenRegistry({
      decide: ({ path }) =>
        path.includes("/referrers/")
          ? {
              status: 200,
              headers: { link: `<${path}>; rel="next"` },
              body: JSON.stringify({ schemaVersion: 2, manifests }),
            }
          : undefined,
    });
    const repository = await openRepository(parseReference(`${own.address}/x`), {});
    await expect(repository.referrers(digestOf("x"))).rejects.toMatchObject({ code: "REGISTRY_ERROR" });
    expect(own.seen.length).toBeLessThan(6);
  });

  test.each([
    [
      "another link stands before it",
      "<http://192.0.2.1/first>; rel=first, </v2/x/referrers/more>; rel=next",
      2,
    ],
    [
      "it is among a hundred thousand that are none",
      `${"<>;".repeat(100_000)}</v2/x/referrers/more>; rel="next"`,
      2,
    ],
    ["there is none, however many begin", "<".repeat(300_000), 1],
  ])("the next page is found where %s", async (_, link, pages) => {
    const content = JSON.stringify({ schemaVersion: 2, manifests: [] });
    await using own = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: ({ url }) => {
        if (!url.includes("/referrers/")) return new Response("{}");
        seen.push(url);
        return new Response(content, { headers: url.endsWith("/more") ? {} : { link } });
      },
    });
    const seen: string[] = [];
    const repository = await openRepository(parseReference(`127.0.0.1:${own.port}/x`), {});
    expect(await repository.referrers(digestOf("x"))).toEqual([]);
    expect(seen.length).toBe(pages);
  });

  test("a tag that holds something else is refused, and pages are followed on the registry alone", async () => {
    const digest = digestOf("x");
    const page = (n: number) => ({
      schemaVersion: 2,
      manifests: [{ mediaType: type, digest: digestOf(String(n)), size: 1 }],
    });
    await using own = await writtenRegistry({
      decide: ({ path }) => {
        if (!path.includes("/referrers/")) return undefined;
        const n = Number(/page=(\d)/.exec(path)?.[1] ?? 0);
        const next = n < 2 ? `<${path.split("?")[0]}?page=${n + 1}>` : "<http://192.0.2.1/more>";
        return { status: 200, headers: { link: `${next}; rel="next"` }, body: JSON.stringify(page(n)) };
      },
    });
    const repository = await openRepository(parseReference(`${own.address}/x`), {});
    expect((await repository.referrers(digest)).map((each) => each.digest)).toEqual(
      ["0", "1", "2"].map((each) => digestOf(each)),
    );
    const manifest = { schemaVersion: 2, config: { mediaType: empty, digest, size: 1 }, layers: [] };
    await using odd = await writtenRegistry({
      decide: ({ path }) =>
        path.includes("/manifests/sha256-")
          ? { status: 200, headers: { "content-type": type }, body: JSON.stringify(manifest) }
          : undefined,
    });
    const other = await openRepository(parseReference(`${odd.address}/x`), {});
    await expect(other.referrers(digest)).rejects.toMatchObject({
      code: "IMAGE_INVALID",
      why: "it is a manifest, where a list of referrers belongs",
    });
  });
});
