import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestImage, tarOf, writeLayout } from "../support/oci-layout.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { toolRoot } from "../support/tools.ts";

/** busybox-static is not there: tests that run something in a container say so and are skipped. */
export const busyboxMissing = toolRoot("busybox") === undefined;

/** An OCI archive of a small image with busybox and a few files, under the name `busybox:latest`. */
export function busyboxArchive(
  config: TestImage["config"] = { Cmd: ["sh"], Env: ["PATH=/bin"] },
): Uint8Array {
  using base = temporaryFolder("busybox");
  using layout = temporaryFolder("busybox-layout");
  const binary = busyboxBinary();
  for (const name of ["bin", "etc", "tmp", "root", "data/sub"])
    mkdirSync(join(base.path, name), { recursive: true });
  chmodSync(join(base.path, "tmp"), 0o1777);
  copyFileSync(binary, join(base.path, "bin/busybox"));
  chmodSync(join(base.path, "bin/busybox"), 0o755);
  for (const applet of spawnSync(binary, ["--list"]).stdout.toString().trim().split("\n"))
    if (applet !== "busybox") symlinkSync("busybox", join(base.path, "bin", applet));
  writeFileSync(join(base.path, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nweb:x:33:33::/data:/bin/sh\n");
  writeFileSync(join(base.path, "etc/group"), "root:x:0:\nweb:x:33:\nlog:x:40:web\n");
  writeFileSync(join(base.path, "data/file"), "from the image\n");
  chmodSync(join(base.path, "data"), 0o750);
  writeFileSync(join(base.path, "bin/broken"), "#!/no/such/interpreter\n", { mode: 0o755 });
  writeFileSync(join(base.path, "bin/plain"), "not a program\n", { mode: 0o644 });
  writeLayout(layout.path, "docker.io/library/busybox:latest", { layers: [tarOf(base.path)], config });
  return tarOf(layout.path);
}

function busyboxBinary(): string {
  const root = toolRoot("busybox") ?? "";
  const found = ["bin/busybox", "usr/bin/busybox"].map((name) => join(root, name)).find(existsSync);
  if (found === undefined) throw new Error("busybox-static has no busybox");
  return found;
}
