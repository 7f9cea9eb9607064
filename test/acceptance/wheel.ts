import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/temporary.ts";

/** A wheel (PEP 427) is a zip with three files about itself; RECORD may leave the digests out. */
const script = `
import sys, zipfile
about = "greeting-1.0.dist-info"
files = {
    "greeting/__init__.py": 'def greet(whom):\\n    return f"hello {whom}, says a wheel"\\n',
    f"{about}/METADATA": "Metadata-Version: 2.1\\nName: greeting\\nVersion: 1.0\\n",
    f"{about}/WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
}
files[f"{about}/RECORD"] = "".join(f"{name},,\\n" for name in [*files, f"{about}/RECORD"])
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    for name, text in files.items():
        wheel.writestr(name, text)
`;

export interface Wheel {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** SHA-256, hexadecimal. */
  readonly digest: string;
}

/** A package `greeting` of version 1.0. */
export function greetingWheel(): Wheel {
  using folder = temporaryFolder("wheel");
  const name = "greeting-1.0-py3-none-any.whl";
  const path = join(folder.path, name);
  const made = spawnSync("python3", ["-c", script, path], { encoding: "utf8" });
  if (made.status !== 0) throw new Error(`python3: ${made.stderr}`);
  const bytes = readFileSync(path);
  return { name, bytes, digest: createHash("sha256").update(bytes).digest("hex") };
}
