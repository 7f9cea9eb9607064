import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BuildRequest } from "../../src/build/request.ts";
import { openSources } from "../../src/build/solve/sources.ts";
import { trees } from "../../src/image/tree/tree.ts";
import { native, testStore } from "../image/fixtures.ts";
import { rootMissing } from "../support/engine.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { plant } from "./copy/fixture.ts";

test.skipIf(rootMissing)(
  "a context that is written to while a RUN is shown it makes the step unsound",
  async () => {
    using folder = temporaryFolder("shown");
    await using store = await testStore();
    const path = plant(join(folder.path, "context"), { a: "a" });
    const request = {
      context: { kind: "folder", path },
      contexts: new Map(),
      dockerfile: { path: "Dockerfile" },
    } as Partial<BuildRequest> as BuildRequest;
    await using sources = openSources({
      ...{ native, trees: trees(native), layers: store.images.layers, digests: null, request },
      ...{ signal: new AbortController().signal, folder: join(folder.path, "build") },
    });
    const mount = { type: "bind", target: "/c", source: "/", from: undefined, readonly: true } as const;
    const shown = () =>
      sources.shown({ mount, from: { kind: "context", name: "context" } }, () =>
        expect.unreachable("no stage"),
      );
    const before = await shown();
    await before?.stack();
    expect(await before?.isSound()).toBe(true);
    const during = await shown();
    expect(during?.key).toBe(before?.key ?? "");
    writeFileSync(join(path, "a"), "other");
    await during?.stack();
    expect(await during?.isSound()).toBe(false);
  },
);
