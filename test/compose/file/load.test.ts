import { expect, test } from "bun:test";
import { join } from "node:path";
import { toJson } from "../../../src/compose/file/json.ts";
import { loadFile } from "../../../src/compose/file/load.ts";
import { filesIn } from "./files.ts";

test("several files, variables and merge keys become one mapping that the schema takes", () => {
  using folder = filesIn({
    "compose.yaml":
      "x-a: &a {A: 1}\nservices:\n  web:\n    image: nginx:${TAG:-1}\n    environment: {<<: *a, B: 2}\n",
    "compose.override.yaml": "services:\n  web:\n    environment: [B=3]\n    privileged: yes\n",
    ".env": "TAG=2\n",
  });
  const loaded = loadFile({ files: [], envFiles: [], env: {}, workingDir: folder.path, profiles: [] });
  expect(toJson(loaded.root)).toEqual({
    "x-a": { A: 1 },
    services: { web: { image: "nginx:2", environment: { A: 1, B: "3" }, privileged: true } },
  });
  expect(loaded.files).toEqual(
    ["compose.yaml", "compose.override.yaml"].map((name) => join(folder.path, name)),
  );
  expect(loaded.env).toMatchObject({ TAG: "2", COMPOSE_PROJECT_NAME: loaded.name });
});
