import { writeFileSync } from "node:fs";
import { contextOf } from "../build/context.ts";
import { type Followed, follow } from "../build/follow.ts";
import { output, secrets } from "../build/inputs.ts";
import { buildOptions } from "../build/options.ts";
import { checkOutputs, pushAll, writeMetadata, writeOutputs } from "../build/outputs.ts";
import { type BuildValues, builtLines, checks } from "../build/request.ts";
import { checkShell, shellIn } from "../build/shell.ts";
import { type Mode, shown } from "../build/show.ts";
import { UsageError } from "../options/usage-error.ts";
import { err, isTerminal, out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

export const build = verb({
  usage: "[OPTIONS] PATH|URL|-",
  options: buildOptions,
  args: [1, 1],
  examples: [
    "inro build -t app:1 .",
    "inro build --target test --progress plain .",
    "inro build --secret id=npm,src=$HOME/.npmrc -t app .",
    "inro build -o out .",
    "inro build -t app - < Dockerfile",
  ],
  async run({ client }, { options, args: [place = ""] }) {
    const mode = modeOf(options);
    const outputs = options.output.map(output);
    refuse(options);
    const names = [...options.tag, ...outputs.flatMap((each) => each.names)];
    const pushes = options.push || outputs.some(({ push }) => push);
    checkShell(options["on-error"]);
    checkOutputs(outputs, names, pushes);
    const context = await contextOf(place, options.file);
    const view = shown(mode, options.explain);
    const stop = onInterrupt(view.end);
    let result: Followed;
    try {
      const request = { options, context, outputs, secrets: secrets(options.secret) };
      result = await follow(builtLines(client, request, view.show), {
        show: view.show,
        text: (text) => void (mode !== "quiet" && err(text)),
        async held(build, title) {
          view.end();
          await shellIn(client, build, title);
        },
      });
    } finally {
      view.end();
      stop();
    }
    if (result.error !== undefined) {
      if (!result.isTold) throw new Error(result.error);
      return 1;
    }
    if (result.checked !== undefined) {
      const { text, report, findings } = result.checked;
      out(checks(options) === "json" ? `${JSON.stringify(report, null, 2)}\n` : text);
      return findings === 0 ? 0 : 1;
    }
    const built = { id: result.id, names };
    await writeOutputs(client, outputs, built);
    if (pushes) await pushAll(client, names, mode === "quiet");
    if (options.iidfile !== undefined) writeFileSync(options.iidfile, result.id);
    if (options["metadata-file"] !== undefined) await writeMetadata(client, options["metadata-file"], built);
    const takesOutput = outputs.some(({ dest }) => dest === "-");
    if (mode === "quiet" && !takesOutput) out(`${result.id}\n`);
    return 0;
  },
});

function modeOf({ progress, quiet }: BuildValues): Mode {
  const asked = quiet ? "quiet" : (progress ?? (process.env["BUILDKIT_PROGRESS"] || "auto"));
  switch (asked) {
    case "auto":
      return isTerminal(2) ? "tty" : "plain";
    case "tty":
      if (!isTerminal(2)) throw new UsageError("--progress=tty needs a terminal as standard error", 1);
      return "tty";
    case "plain":
    case "quiet":
    case "rawjson":
      return asked;
    default:
      throw new UsageError(
        `cannot use "${asked}" for --progress: there are auto, tty, plain, quiet, rawjson`,
      );
  }
}

/** What nobody builds here. */
function refuse({ squash, provenance, sbom }: BuildValues): void {
  if (squash)
    throw new UsageError("--squash: layers are not squashed (write one RUN, or copy into a last stage)", 1);
  for (const [name, value] of Object.entries({ provenance, sbom }))
    if (value !== undefined && value !== "false") throw new UsageError(`--${name}: only false is known`, 1);
}

/** ^C ends us at once; the engine sees it and ends the build. */
function onInterrupt(end: () => void): () => void {
  const interrupted = () => {
    end();
    err("canceled\n");
    process.exit(130);
  };
  process.on("SIGINT", interrupted);
  return () => void process.off("SIGINT", interrupted);
}
