import manifest from "../../../package.json" with { type: "json" };
import { text } from "../options/option.ts";
import { printError } from "../print-error.ts";
import { formatTemplate } from "../template/template.ts";
import { err, out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

interface Server {
  readonly Version: string;
  readonly ApiVersion: string;
  readonly MinAPIVersion: string;
  readonly GitCommit: string;
  readonly GoVersion: string;
  readonly Os: string;
  readonly Arch: string;
  readonly KernelVersion: string;
  readonly BuildTime: string;
}

const client = {
  Version: manifest.version,
  ApiVersion: "1.51",
  DefaultAPIVersion: "1.51",
  GoVersion: `bun${process.versions["bun"] ?? ""}`,
  Os: "linux",
  Arch: process.arch === "x64" ? "amd64" : process.arch,
};

export const version = verb({
  usage: "[OPTIONS]",
  options: { format: text("TEMPLATE", "json, or a Go template: '{{.Server.Version}}'", { short: "f" }) },
  args: [0, 0],
  async run(context, { options }) {
    const wanted = options.format === "json" ? "{{json .}}" : options.format;
    try {
      const server = await context.client.json<Server>({ method: "GET", path: "/version" });
      out(
        wanted === undefined
          ? versionText(server)
          : `${formatTemplate(wanted)({ Client: client, Server: server })}\n`,
      );
      return 0;
    } catch (error) {
      if (wanted === undefined) out(versionText(undefined));
      err(printError(error));
      return 1;
    }
  },
});

function versionText(server: Server | undefined): string {
  // What a build does not know of itself is left out.
  const rows = (title: string, entries: readonly (readonly [string, string])[]) =>
    `${title}:\n${entries
      .filter(([, value]) => value !== "")
      .map(([name, value]) => ` ${`${name}:`.padEnd(18)}${value}\n`)
      .join("")}`;
  const own = rows("Client", [
    ["Version", client.Version],
    ["API version", client.ApiVersion],
    ["Platform", `${client.GoVersion}, ${client.Os}/${client.Arch}`],
  ]);
  if (server === undefined) return own;
  return `${own}\n${rows("Server", [
    ["Version", server.Version],
    ["API version", `${server.ApiVersion} (at least ${server.MinAPIVersion})`],
    ["Git commit", server.GitCommit],
    ["Built", server.BuildTime],
    ["Platform", `${server.GoVersion}, ${server.Os}/${server.Arch}`],
    ["Kernel", server.KernelVersion],
  ])}`;
}
