/**
 * The floors of the house (docs/ARCHITECTURE.md): imports go down only, and rooms on one floor are strangers unless
 * listed here. Prints every wrong arrow with the rooms that are allowed, and fails.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const source = join(import.meta.dir, "../src");

const bottom = ["oci", "platform"];
const domains = ["runtime", "image", "network", "volume"];

/** For each room, the rooms that it may import from. A file directly in src/ is the room of its own name. */
const allowed: Record<string, readonly string[]> = {
  oci: [],
  platform: ["oci"],
  kernel: bottom,
  runtime: ["kernel", ...bottom],
  // `--change` is said in a Dockerfile's words.
  image: ["build/dockerfile", "kernel", ...bottom],
  network: ["kernel", ...bottom],
  volume: ["kernel", ...bottom],
  engine: [...domains, "kernel", ...bottom],
  build: ["build/dockerfile", "engine", ...domains, "kernel", ...bottom],
  // What a Dockerfile and a .dockerignore say, without any I/O: the command line reads the latter, too.
  "build/dockerfile": ["oci"],
  api: ["build", "engine", ...domains, ...bottom],
  cri: ["engine", ...bottom],
  // HTTP over a unix socket, as a client of the API needs it.
  client: bottom,
  // An application out of a Compose file: a client of the API like any other.
  compose: ["client", "build/dockerfile", ...bottom],
  // What a program says of an image, as a Dockerfile says it.
  recipe: bottom,
  // The command line and the library are clients like any others: they import nothing of the engine.
  cli: ["compose", "client", "build/dockerfile", ...bottom],
  library: ["recipe", "client", ...bottom],
  // The composition root and the library's face.
  main: ["cli", "library", "client", "api", "build", "engine", ...domains, "kernel", ...bottom],
  index: ["main", "library", "client", "api", "build", "engine", ...domains, "kernel", ...bottom],
};

function roomOf(file: string): string {
  const [first = "", second] = relative(source, file).split("/");
  const within = `${first}/${second}`;
  return within in allowed ? within : first.replace(/\.ts$/, "");
}

function importsOf(text: string): string[] {
  const pattern = /\b(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g;
  return [...text.matchAll(pattern)].flatMap((match) => match[1] ?? []);
}

function wrongArrows(file: string): string[] {
  const room = roomOf(file);
  const rooms = allowed[room];
  const name = relative(dirname(source), file);
  if (rooms === undefined)
    return [`${name}: the room "${room}" is not in the house: add it to scripts/lint-layers.ts`];
  return importsOf(readFileSync(file, "utf8")).flatMap((path) => {
    const target = resolve(dirname(file), path);
    if (!target.startsWith(`${source}/`)) return [];
    const to = roomOf(target);
    if (to === room || rooms.includes(to)) return [];
    return [
      `${name}: "${room}" must not import from "${to}" (${path}); it may import from: ${rooms.join(", ") || "nothing"}`,
    ];
  });
}

const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".ts"),
);
const wrong = files.flatMap((name) => wrongArrows(join(source, name)));
for (const line of wrong) console.error(line);
console.log(`layers: ${files.length} files, ${wrong.length} wrong imports`);
process.exitCode = wrong.length === 0 ? 0 : 1;
