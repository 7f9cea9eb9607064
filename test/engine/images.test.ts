import { describe, expect, test } from "bun:test";
import { rootMissing } from "../support/engine.ts";
import { busyboxMissing } from "./busybox.ts";
import { opened } from "./opened.ts";

describe.skipIf(rootMissing || busyboxMissing)("images and containers", () => {
  test("an image stays while a container is being made of it", async () => {
    await using o = await opened();
    const [made, removed] = await Promise.allSettled([
      o.create(["sh", "-c", "exit 3"]),
      o.engine.images.remove("busybox", { force: false }),
    ]);
    expect(removed).toMatchObject({ reason: { code: "IMAGE_IN_USE" } });
    const id = made.status === "fulfilled" ? made.value : expect.unreachable();
    await o.engine.containers.start(id);
    expect(await o.ended(id)).toBe(3);
  });
});
