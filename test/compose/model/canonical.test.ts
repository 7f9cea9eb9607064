/** Every case is printed and hashed as its golden file says, and as docker compose v2 does it where that is there. */
import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalText } from "../../../src/compose/model/canonical.ts";
import { configHash } from "../../../src/compose/model/hash.ts";
import type { Reading } from "../../../src/compose/model/of.ts";
import { type Case, cases } from "./cases.ts";
import { hasOracle, projectFrom, theirs, type Written, written } from "./support.ts";

interface Output {
  readonly yaml: string;
  readonly json: string;
  readonly hash: string;
}

function ours(files: Written, { profiles }: Case, reading: Reading = {}): Output {
  const project = projectFrom(files, profiles, [], reading);
  const hashes = [...project.services.values()].map((service) => `${service.name} ${configHash(service)}`);
  return {
    yaml: canonicalText(project, { format: "yaml", escaped: true }),
    json: canonicalText(project, { format: "json", escaped: true }),
    hash: `${hashes.sort().join("\n")}\n`,
  };
}

const outputs: readonly (readonly [keyof Output, readonly string[]])[] = [
  ["yaml", []],
  ["json", ["--format", "json"]],
  ["hash", ["--hash", "*"]],
];

const lines = (text: string, form: keyof Output): string =>
  form === "hash" ? text.trim().split("\n").sort().join("\n") : text.trim();

for (const [section, all] of Object.entries(cases)) {
  const golden = join(import.meta.dir, "golden", `${section.replaceAll(" ", "-")}.txt`);

  test(`canonical form, ${section}: ${all.length} cases are as they were`, () => {
    const text = all
      .map((one) => {
        using files = written(one);
        const { yaml, hash } = ours(files, one);
        return `=== ${one.name}\n${yaml}--- hash\n${hash}`;
      })
      .join("");
    if (process.env["INRO_GOLDEN"] === "write") writeFileSync(golden, text);
    expect(text).toBe(readFileSync(golden, "utf8"));
  });

  test(`canonical form, ${section}: read again it says the same`, () => {
    for (const one of all) {
      using files = written(one);
      const own = ours(files, one);
      using printed = written({ compose: own.yaml });
      const { hash, ...again } = ours(printed, one);
      expect(again).toEqual({ yaml: own.yaml, json: own.json });
      if (one.differs === undefined) expect(hash).toBe(own.hash);
    }
  });

  for (const one of all)
    test.skipIf(!hasOracle)(`docker compose says the same of "${one.name}" (${section})`, async () => {
      using files = written(one);
      // `config --hash` does not read a service's env_file; what containers are labelled with does.
      const own = { ...ours(files, one), hash: ours(files, one, { environment: false }).hash };
      const all = outputs.map(
        async ([form, args]) => [form, await theirs(files, one.profiles ?? [], args)] as const,
      );
      for (const [form, { text }] of await Promise.all(all)) {
        const same = lines(text, form);
        if (one.differs?.[form] === undefined) expect(lines(own[form], form)).toBe(same);
        else expect(lines(own[form], form)).not.toBe(same);
      }
    });
}

const everything = `x-top: {a: 1}
services:
  web:
    image: nginx
    build: ./dir
    depends_on: [db]
    env_file: \${FILES}/a.env
    environment: {B: 2}
    volumes: ["data:/data", "./rel:/rel", "~/home:/home"]
    ports: ["8080:80"]
    secrets: [token]
    network_mode: "service:db"
  db: {image: db, networks: [back], volumes_from: [cache]}
  cache: {image: cache}
networks: {back: }
volumes: {data: }
secrets: {token: {file: ./token}}
`;

for (const [option, reading] of [
  ["--no-normalize", { normalize: false }],
  ["--no-path-resolution", { paths: false }],
] as const)
  test.skipIf(!hasOracle)(`docker compose says the same with ${option}`, async () => {
    using files = written({ compose: everything, files: { "a.env": "A=1\n" } });
    const own = ours(files, { name: "", compose: everything }, reading);
    expect(own.yaml.trim()).toBe((await theirs(files, [], [option])).text.trim());
  });

test.skipIf(!hasOracle)(
  "docker compose says the same of what is not there with --no-consistency",
  async () => {
    const compose =
      'services:\n  web: {image: web, depends_on: [no], networks: [no], volumes: ["nothing:/x"]}\n';
    using files = written({ compose });
    const own = ours(files, { name: "", compose }, { consistency: false });
    expect(own.yaml.trim()).toBe((await theirs(files, [], ["--no-consistency"])).text.trim());
  },
);

test("a container is labelled with the hash of its variables, wherever they are said", () => {
  using file = written({
    compose: "services: {web: {image: web, env_file: '${FILES}/a.env', environment: {B: 2}}}\n",
    files: { "a.env": "A=1\nB=1\n" },
  });
  using inline = written({ compose: "services: {web: {image: web, environment: [A=1, B=2]}}\n" });
  const one = { name: "", compose: "" };
  expect(ours(file, one).hash).toBe(ours(inline, one).hash);
});

test("how an image comes and how many containers there are of it is not hashed; all else is", () => {
  const hashOf = (members: string) => {
    using files = written({ compose: `services:\n  web: {image: web, ${members}}\n` });
    return ours(files, { name: "", compose: "" }).hash;
  };
  const plain = hashOf("deploy: {mode: replicated}");
  for (const same of ["scale: 3", "build: .", "pull_policy: always"])
    expect(hashOf(`deploy: {mode: replicated}, ${same}`)).toBe(plain);
  expect(hashOf("deploy: {mode: replicated, replicas: 2}")).toBe(plain);
  for (const other of ["init: true", "labels: {a: b}", "command: x", "mem_limit: 1g"])
    expect(hashOf(`deploy: {mode: replicated}, ${other}`)).not.toBe(plain);
});
