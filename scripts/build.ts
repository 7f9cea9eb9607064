/**
 * Builds what a checkout runs, into build/: the native program, the hello program, and the one executable `inro`
 * with both embedded. `scripts/bun scripts/build.ts [native|executable|sanitized|aarch64]`; without a word: native, then
 * executable. `aarch64`: the native programs by a cross compiler ($CC_AARCH64, aarch64-linux-gnu-gcc).
 */
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "..");
const build = join(root, "build");
const native = join(root, "native");

const warnings = ["-std=gnu11", "-Wall", "-Wextra", "-Werror"];
/** No libc: docs/adr/0002-freestanding-native-program.md. */
const freestanding = [
  "-Os",
  "-static",
  "-nostdlib",
  "-ffreestanding",
  "-fno-stack-protector",
  "-fno-asynchronous-unwind-tables",
  "-fno-tree-loop-distribute-patterns",
  "-ffunction-sections",
  "-Wl,--gc-sections",
  "-Wl,-z,noexecstack",
  "-Wl,--build-id=none",
  "-s",
];
const sanitized = [
  "-O1",
  "-g",
  "-DINRO_SANITIZE",
  "-fsanitize=address,undefined",
  "-fno-sanitize-recover=all",
];

function sources(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".c"))
    .sort()
    .map((name) => join(folder, name));
}

function isFresh(output: string, inputs: readonly string[]): boolean {
  if (!existsSync(output)) return false;
  const built = statSync(output).mtimeMs;
  return inputs.every((input) => statSync(input).mtimeMs <= built);
}

/** Every file below `folder`, so that a changed header rebuilds too. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function run(command: string, args: readonly string[]): void {
  const result = spawnSync(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (result.error !== undefined) throw new Error(`cannot run ${command}: ${result.error.message}`);
  if (result.status !== 0) throw new Error(`${command} failed with exit code ${result.status}`);
}

const ownCompiler = process.env["CC"] ?? "cc";

function compile(
  output: string,
  inputs: readonly string[],
  flags: readonly string[],
  compiler = ownCompiler,
): void {
  if (isFresh(output, [...filesBelow(native), import.meta.path])) return;
  const fresh = `${output}.${process.pid}`;
  run(compiler, [...warnings, ...flags, "-I", native, "-o", fresh, ...inputs]);
  renameSync(fresh, output);
}

function buildNative(suffix = "", compiler = ownCompiler): void {
  compile(join(build, `native/inro-native${suffix}`), sources(native), freestanding, compiler);
  compile(
    join(build, `native/hello${suffix}`),
    [join(native, "start.c"), join(native, "mem.c"), ...sources(join(native, "hello"))],
    freestanding,
    compiler,
  );
}

function buildSanitized(): void {
  compile(join(build, "native/inro-native-sanitized"), sources(native), sanitized);
}

/**
 * The flags keep a compiled executable from loading .env and bunfig.toml of the current folder, as root; splitting
 * leaves the daemon's code unread when the command line starts (11 ms instead of 15). A command is over before compiled
 * code pays: a JIT that is a hundred times as reluctant takes a third off the processor time of `inro-runtime run` and
 * starts no threads of its own; the daemon goes back to the usual policy when it serves. Bun writes the executable in
 * small pieces; a copy lies in the page cache in large ones, which a start maps faster (by 0.3 of 15 ms).
 */
function buildExecutable(): void {
  const inputs = [...filesBelow(join(root, "src")), join(root, "package-lock.json"), import.meta.path];
  const output = join(build, "inro");
  if (!isFresh(output, [...inputs, join(build, "native/inro-native"), join(build, "native/hello")])) {
    // In a folder of its own: bun leaves a map beside it for every part, and what runs is replaced as a whole.
    const fresh = join(build, `fresh.${process.pid}`);
    try {
      run(process.execPath, [
        "build",
        "--compile",
        "--minify",
        "--bytecode",
        "--compile-jit-policy=100",
        "--format=esm",
        "--splitting",
        "--sourcemap",
        "--no-compile-autoload-dotenv",
        "--no-compile-autoload-bunfig",
        "--target=bun",
        join(root, "src/main.ts"),
        "--outfile",
        join(fresh, "inro"),
      ]);
      copyFileSync(join(fresh, "inro"), join(fresh, "copy"));
      renameSync(join(fresh, "copy"), output);
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
  }
  // The library for programs of Node's: a client of engines that run elsewhere, and recipes of images.
  for (const [name, source] of [
    ["client.js", "src/library/client.ts"],
    ["recipe.js", "src/recipe/recipe.ts"],
  ] as const) {
    const bundle = join(build, name);
    if (isFresh(bundle, inputs)) continue;
    const fresh = `${bundle}.${process.pid}`;
    run(process.execPath, ["build", "--target=node", "--format=esm", join(root, source), "--outfile", fresh]);
    renameSync(fresh, bundle);
  }
  // The OCI command line is the native program, which finds `inro` beside it.
  const front = join(build, "inro-runtime");
  if (!isFresh(front, [join(build, "native/inro-native")]) || lstatSync(front).isSymbolicLink()) {
    copyFileSync(join(build, "native/inro-native"), `${front}.${process.pid}`);
    renameSync(`${front}.${process.pid}`, front);
  }
  writeFileSync(join(build, "stamp"), "");
}

mkdirSync(join(build, "native"), { recursive: true });
const what = process.argv[2] ?? "all";
if (what === "sanitized") buildSanitized();
else if (what === "aarch64") buildNative("-aarch64", process.env["CC_AARCH64"] ?? "aarch64-linux-gnu-gcc");
else {
  buildNative();
  if (what !== "native") buildExecutable();
}
