import { afterAll, describe, expect, test } from "bun:test";
import { canRun, removeTestCgroups, testContainer } from "./container.ts";

afterAll(removeTestCgroups);

describe.skipIf(!canRun)("a container", () => {
  test("is pid 1 of its own namespaces, with its own host name, and ends as its program does", async () => {
    await using c = await testContainer({
      script: "echo $$; hostname; readlink /proc/self/ns/pid; exit 7",
    });
    const { output, code } = await c.run();
    const [pid, hostname, namespace] = output.split("\n");
    expect([pid, hostname, code]).toEqual(["1", "typical", 7]);
    expect(namespace).toMatch(/^pid:\[\d+\]$/);
    expect(namespace).not.toBe(await Bun.$`readlink /proc/self/ns/pid`.text());
  });
});
