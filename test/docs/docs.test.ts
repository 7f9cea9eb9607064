import { expect, test } from "bun:test";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const root = join(import.meta.dir, "../..");
const text = (path: string) => readFileSync(join(root, path), "utf8");

/** Names in capitals that are the kernel's, seccomp's, SQLite's or the environment's. */
const foreign =
  /^(CAP|INRO|SCMP|SECCOMP_FILTER|RLIMIT(?!_INVALID|_REFUSED|_UNKNOWN)|HTTPS?|SCHED|IOPRIO|MPOL|XDG|DOCKER|BUILDKIT|GIT_AUTH|GIT_SSL|LISTEN|NOTIFY|SQLITE|SSH_AUTH)_|^(ALL_PROXY|COMPOSE_(?:ANSI|DISABLE_ENV_FILE|ENV_FILES|FILE|IGNORE_ORPHANS|PARALLEL_LIMIT|PATH_SEPARATOR|PROFILES|PROGRESS|PROJECT_NAME|REMOVE_ORPHANS)|FETCH_HEAD|NO_COLOR|NO_PROXY|SOURCE_DATE_EPOCH|SSL_CERT_DIR|SSL_CERT_FILE|SYS_RESOURCE|EADDRINUSE|EMFILE)$/;
/** The tables of those names, written without their prefix. */
const tables = [
  "src/engine/life/journal.ts",
  "src/engine/spec/capabilities.ts",
  "src/engine/spec/spec.ts",
  "src/engine/create/validate.ts",
];

/** Every code of an InroError: those given to it literally, and every other name in capitals with an underscore. */
function codesInSource(): string[] {
  const given = /(?:InroError\(\s*|\bcode: |\bcode = )"([A-Z_]{4,})"/g;
  const written = /"([A-Z]+(?:_[A-Z]+)+)"/g;
  const codes = globSync("src/**/*.ts", { cwd: root }).flatMap((path) =>
    [given, ...(tables.includes(path) ? [] : [written])].flatMap((pattern) =>
      [...text(path).matchAll(pattern)].flatMap((match) => match[1] ?? []),
    ),
  );
  return [...new Set(codes.filter((code) => !foreign.test(code)))].sort();
}

test("docs/ERRORS.md explains every error code, and no other", () => {
  const explained = [...text("docs/ERRORS.md").matchAll(/^\| `([A-Z_]+)` \|/gm)].map(
    (match) => match[1] ?? "",
  );
  expect(explained.toSorted()).toEqual(codesInSource());
});

test("docs/SECURITY.md names tests that exist", () => {
  const named = [...text("docs/SECURITY.md").matchAll(/`([\w/-]+\.test\.ts)`/g)].map(
    (match) => match[1] ?? "",
  );
  const missing = named.filter(
    (name) => !existsSync(join(root, "test", name.includes("/") ? name : `attack/${name}`)),
  );
  expect(missing).toEqual([]);
});

test.each(["README.md", ...globSync("docs/**/*.md", { cwd: root })])(
  "the links of %s lead somewhere",
  (page) => {
    const links = [...text(page).matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) => match[1] ?? "");
    expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
  },
);
