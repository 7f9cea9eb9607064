import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { tar } from "../image/fixtures.ts";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { type Host, machine } from "../support/host.ts";
import type { TestImage } from "../support/oci-layout.ts";
import { type Registry, registry, registryMissing } from "../support/registry.ts";
import { tool } from "../support/tools.ts";

const image = (architecture: string): TestImage => ({
  architecture,
  layers: [tar({ name: "own", content: architecture })],
});

describe.skipIf(rootMissing || registryMissing)("manifest, held against docker's own", () => {
  let host: Host;
  let engine: TestEngine;
  let remote: Registry;
  const at = (name: string) => `${remote.address}/${name}`;
  /** Docker's command line does all of it by itself: the same registry, and no daemon. */
  const docker = async (verb: string, ...words: string[]) => {
    const insecure = ["create", "inspect", "push"].includes(verb) ? ["--insecure"] : [];
    const done = await engine.docker("manifest", verb, ...insecure, ...words);
    if (done.code !== 0) throw new Error(done.stderr);
    return done.stdout;
  };
  const inro = async (...words: string[]) => {
    const done = await engine.inro("manifest", ...words);
    if (done.code !== 0) throw new Error(done.stderr);
    return done.stdout;
  };
  const both = async (verb: string, ...words: string[]) => {
    const [ours, theirs] = [await inro(verb, ...words), await docker(verb, ...words)];
    expect(ours).toBe(theirs);
    return ours;
  };

  beforeAll(async () => {
    host = machine();
    [remote, engine] = await Promise.all([registry(host), testEngine(host)]);
    await remote.push("app:amd64", image("amd64"));
    await remote.push("app:arm64", image("arm64"));
    await remote.push("other/app:s390x", image("s390x"));
  }, 60_000);
  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
    await remote?.[Symbol.asyncDispose]();
    host?.[Symbol.dispose]();
  });

  test("a list is created, annotated, shown and pushed as docker does it, to the byte", async () => {
    await both("create", at("app:1"), at("app:amd64"), at("app:arm64"));
    await both("annotate", "--variant", "v8", "--os-version", "6", at("app:1"), at("app:arm64"));
    await both("create", "--amend", at("app:1"), at("other/app:s390x"));
    await both("inspect", at("app:1"));
    await both("inspect", at("app:1"), at("app:arm64"));
    await both("inspect", "-v", at("app:1"));
    expect(await both("push", at("app:1"))).toMatch(/sha256:[0-9a-f]{64}\n$/);
    const raw = await host.run(tool("skopeo") ?? "", [
      ...["inspect", "--raw", "--tls-verify=false", `docker://${at("app:1")}`],
    ]);
    expect(JSON.parse(raw.stdout).manifests.map((each: { platform: object }) => each.platform)).toMatchObject(
      [
        { architecture: "amd64" },
        { architecture: "arm64", variant: "v8", "os.version": "6" },
        { architecture: "s390x" },
      ],
    );
    // What was pushed is a whole image of each platform, whose blobs came from another repository.
    const pulled = await engine.inro("pull", "-q", "--platform", "s390x", at("app:1"));
    expect([pulled.code, pulled.stderr]).toEqual([0, ""]);
  });

  test("what the registry has is shown alike", async () => {
    await both("inspect", at("app:amd64"));
    await both("inspect", "-v", at("app:amd64"));
    await remote.pushIndex("multi:1", [image("arm64"), image("amd64")]);
    await both("inspect", at("multi:1"));
    await both("inspect", "-v", at("multi:1"));
  });

  test("a list is made once, pushed away with --purge, and refused what it cannot be", async () => {
    await inro("create", at("app:2"), at("app:amd64"));
    const again = await engine.inro("manifest", "create", at("app:2"), at("app:arm64"));
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining("there is one of this name")]);
    await inro("push", "--purge", at("app:2"));
    const gone = await engine.inro("manifest", "rm", at("app:2"), at("never:1"));
    expect(gone.code).toBe(1);
    expect(gone.stderr.match(/cannot find the manifest list/g)?.length).toBe(2);
    const list = await engine.inro("manifest", "create", at("app:3"), at("app:2"));
    expect(list.stderr).toContain("it is a manifest list itself");
    const missing = await engine.inro("manifest", "create", at("app:3"), at("app:none"));
    expect(missing.code).toBe(1);
  });
});
