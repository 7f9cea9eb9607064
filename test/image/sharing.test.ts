import { describe, expect, test } from "bun:test";
import type { ServerResponse } from "node:http";
import type { PullProgress } from "../../src/image/images.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { rootMissing } from "../support/engine.ts";
import {
  type Asked,
  type FaultyImage,
  faultyRegistry,
  type Misbehave,
  manifestType,
  sha256,
  testImage,
} from "./faulty-registry.ts";
import { testStore } from "./fixtures.ts";

/** The same layers, the other way round, under another configuration. */
function turned(image: FaultyImage) {
  const { config, manifest } = image;
  const read = JSON.parse(config.toString()) as { rootfs: { diff_ids: string[] } };
  const other = Buffer.from(
    JSON.stringify({ ...read, rootfs: { ...read.rootfs, diff_ids: read.rootfs.diff_ids.toReversed() } }),
  );
  const described = { ...manifest.config, digest: sha256(other), size: other.length };
  return {
    config: other,
    manifest: { ...manifest, config: described, layers: manifest.layers.toReversed() },
  };
}

/** Serves `turned` as `team/other`. */
function both(image: FaultyImage, more: Misbehave): Misbehave {
  const { config, manifest } = turned(image);
  return (asked, answer) => {
    const handled = more(asked, answer);
    if (handled !== undefined || !asked.path.includes("/team/other/")) return handled;
    if (asked.part === "manifest")
      return answer.writeHead(200, { "content-type": manifestType }).end(JSON.stringify(manifest));
    return asked.path.includes(sha256(config)) ? answer.end(config) : undefined;
  };
}

/** Holds the first answer of a kind back until `go`, with the first half of it sent. */
function held(part: Asked["part"]) {
  let [asked, open] = [0, false];
  let waiting: (() => void) | undefined;
  const reached = Promise.withResolvers<void>();
  return {
    /** The first one has been asked for it. */
    reached: reached.promise,
    times: () => asked,
    misbehave: (each: Asked, answer: ServerResponse) => {
      if (each.part !== part || ++asked > 1 || open) return undefined;
      const half = each.content.length / 2;
      answer.write(each.content.subarray(0, half));
      waiting = () => answer.end(each.content.subarray(half));
      reached.resolve();
      return true;
    },
    go() {
      open = true;
      waiting?.();
    },
  };
}

const states = (heard: readonly PullProgress[], digest: string) =>
  heard.flatMap((each) => (each.kind === "layer" && each.digest === digest ? [each.state.state] : []));

/** Waits until a pull has told that it waits for the layer. */
async function waitsFor(heard: readonly PullProgress[], digest: string): Promise<void> {
  while (!states(heard, digest).includes("waiting")) await Bun.sleep(5);
}

describe.skipIf(rootMissing)("pulls at once", () => {
  test("of two images with the same layers in another order fetch each layer once", async () => {
    const image = testImage();
    const large = held("large");
    await using registry = await faultyRegistry(image, both(image, large.misbehave));
    await using store = await testStore();
    const heard: PullProgress[] = [];
    const one = store.images.pull(parseReference(`${registry.address}/team/app:1`));
    await large.reached;
    const other = store.images.pull(parseReference(`${registry.address}/team/other:1`), {
      onProgress: (p) => heard.push(p),
    });
    await waitsFor(heard, sha256(image.large));
    large.go();
    const [first, second] = await Promise.all([one, other]);
    expect(second.layers.map(({ digest }) => digest)).toEqual(
      first.layers.map(({ digest }) => digest).toReversed(),
    );
    const asked = registry.seen.filter(({ part }) => part === "large" || part === "small");
    expect(asked.map(({ part }) => part).sort()).toEqual(["large", "small"]);
  });

  test("of one image both hear how it goes", async () => {
    const image = testImage();
    const large = held("large");
    await using registry = await faultyRegistry(image, large.misbehave);
    await using store = await testStore();
    const reference = parseReference(`${registry.address}/team/app:1`);
    const heard: PullProgress[][] = [[], []];
    const pull = (i: number) => store.images.pull(reference, { onProgress: (p) => heard[i]?.push(p) });
    const first = pull(0);
    await large.reached;
    const second = pull(1);
    await waitsFor(heard[1] ?? [], sha256(image.large));
    // What has been said before is not repeated; what comes is heard by both.
    await Bun.sleep(120);
    large.go();
    await Promise.all([first, second]);
    for (const each of heard) {
      const told = states(each, sha256(image.large));
      expect(told).toContain("downloading");
      expect(told).toContain("verifying");
      expect(["done", "present"]).toContain(told.at(-1) ?? "");
    }
    expect(large.times()).toBe(1);
  });

  test.each([0, 1])(
    "of one image: when number %d is stopped, it ends at once and the other one goes on",
    async (stopped) => {
      const image = testImage();
      const large = held("large");
      await using registry = await faultyRegistry(image, large.misbehave);
      await using store = await testStore();
      const reference = parseReference(`${registry.address}/team/app:1`);
      const stop = new AbortController();
      const heard: PullProgress[] = [];
      const pull = (i: number) =>
        store.images.pull(reference, {
          onProgress: (p) => i === 1 && heard.push(p),
          ...(i === stopped ? { signal: stop.signal } : {}),
        });
      const first = pull(0);
      await large.reached;
      const second = pull(1);
      await waitsFor(heard, sha256(image.large));
      const [mine, others] = stopped === 0 ? [first, second] : [second, first];
      stop.abort();
      // The layer is still held back: only the one that was stopped can end.
      await expect(mine).rejects.toMatchObject({ name: "AbortError" });
      if (stopped === 1) large.go();
      expect((await others).names).toEqual([`${registry.address}/team/app:1`]);
      expect(large.times()).toBe(stopped === 0 ? 2 : 1);
    },
  );
});
