import { expect } from "bun:test";
import { mounted, mounts, type Patch } from "../suite/bundle.ts";
import { must, section } from "../suite/requirement.ts";

const LINKS = "for name in fd stdin stdout stderr; do readlink /dev/$name; done";

/** runtime-linux.md */
export const runtimeLinux = [
  section("runtime-linux.descriptors", "File descriptors", {
    1: must(
      "By default, only the `stdin`, `stdout` and `stderr` file descriptors are kept open for the application by the runtime.",
      async (c) => {
        // `ls` itself holds the folder that it lists.
        expect(await c.inside("exec ls /proc/self/fd")).toBe("0\n1\n2\n3\n");
      },
    ),
  }),
  section("runtime-linux.dev-links", "Dev symbolic links", {
    1: must(
      "While creating the container (step 2 in the lifecycle), runtimes MUST create the following symlinks if the source file exists after processing `mounts`:",
      async (c) => {
        const links = "/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\n";
        expect(await c.inside(LINKS)).toBe(links);
        // /dev need not be a mount of its own.
        const plain = mounts.filter(({ destination }) => !destination.startsWith("/dev"));
        expect(await c.inside(LINKS, { mounts: plain as unknown as Patch[] })).toBe(links);
        expect(await c.inside(LINKS, mounted({ destination: "/dev/shm/x", type: "tmpfs" }))).toBe(links);
      },
    ),
  }),
];
