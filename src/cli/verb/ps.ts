import { flag, list, read, text } from "../options/option.ts";
import { integer } from "../options/readers.ts";
import { ago, decimalSize, ellipsis, goTime, shortId } from "../print/human.ts";
import { filters, type Listing, listing, type Row } from "../print/listing.ts";
import { type Port, portList } from "../print/ports.ts";
import { isTerminal, out } from "../terminal/output.ts";
import { type Paint, paintFor } from "../terminal/paint.ts";
import { verb } from "../verb.ts";

export const ps = verb({
  usage: "[OPTIONS]",
  options: {
    all: flag("Those that do not run, too", { short: "a" }),
    quiet: flag("Ids only", { short: "q" }),
    filter: list("KEY=VALUE", "Only those that fit: status=exited, name=web, label=x, ancestor=debian", {
      short: "f",
    }),
    last: read("NUMBER", integer, "The newest ones, whatever their state", { short: "n" }),
    latest: flag("The newest one, whatever its state", { short: "l" }),
    size: flag("With their sizes on disk", { short: "s" }),
    "no-trunc": flag("Ids and commands in full"),
    format: text("TEMPLATE", "table, json, or a Go template: '{{.Names}} {{.Status}}'"),
  },
  args: [0, 0],
  examples: ["inro ps -a --filter status=exited", "inro ps --format '{{.Names}}\\t{{.Ports}}'"],
  async run({ client }, { options }) {
    const limit = options.latest ? 1 : options.last;
    const wantsSize = options.size || /\{\{[^}]*\.Size\b/.test(options.format ?? "");
    const containers = await client.json<readonly Summary[]>({
      method: "GET",
      path: "/containers/json",
      query: {
        all: options.all,
        limit: limit !== undefined && limit > 0 ? limit : undefined,
        size: wantsSize,
        filters: filters(options.filter),
      },
    });
    // Scripts read what docker writes.
    const paint = paintFor(isTerminal(1) && (options.format ?? "table") === "table");
    const rows = containers.map((container) => row(container, !options["no-trunc"], paint));
    out(listing({ ...spec, columns: [...columns, ...(options.size ? ["Size"] : [])] }, rows, options));
    return 0;
  },
});

export interface Summary {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly ImageID: string;
  readonly Command: string;
  readonly Created: number;
  readonly Ports: readonly Port[] | null;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly State: string;
  readonly Status: string;
  readonly SizeRw?: number;
  readonly SizeRootFs?: number;
  readonly Mounts?:
    | readonly { readonly Name?: string; readonly Source: string; readonly Type: string }[]
    | null;
  readonly NetworkSettings?: { readonly Networks: Readonly<Record<string, unknown>> | null } | null;
}

const columns = ["ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names"];

export const spec: Listing = {
  quiet: "ID",
  columns,
  cuts: ["Command", "RunningFor", "Image", "Ports", "Status"],
  titles: {
    ID: "CONTAINER ID",
    Names: "NAMES",
    Image: "IMAGE",
    Command: "COMMAND",
    CreatedAt: "CREATED AT",
    RunningFor: "CREATED",
    Ports: "PORTS",
    State: "STATE",
    Status: "STATUS",
    HealthStatus: "HEALTH STATUS",
    Size: "SIZE",
    Labels: "LABELS",
    Mounts: "MOUNTS",
    LocalVolumes: "LOCAL VOLUMES",
    Networks: "NETWORKS",
  },
};

/** `paint`: colours ports that are open to the world. */
export function row(container: Summary, short: boolean, paint: Paint = (_, text) => text): Row {
  const labels = container.Labels ?? {};
  const mounts = container.Mounts ?? [];
  const mountNames = mounts.map(({ Name, Source }) =>
    short ? ellipsis(Name || Source, 15) : Name || Source,
  );
  return {
    Command: JSON.stringify(short ? ellipsis(container.Command, 20) : container.Command),
    CreatedAt: goTime(container.Created),
    HealthStatus: /\((?:health: )?(starting|healthy|unhealthy)\)$/.exec(container.Status)?.[1] ?? "",
    ID: short ? shortId(container.Id) : container.Id,
    Image: imageName(container, short),
    Labels: Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(","),
    LocalVolumes: String(mounts.filter(({ Type }) => Type === "volume").length),
    Mounts: mountNames.join(","),
    Names: container.Names.map((name) => name.replace(/^\//, "")).join(","),
    Networks: Object.keys(container.NetworkSettings?.Networks ?? {}).join(","),
    Ports: portList(container.Ports ?? [], (text) => paint("yellow", text)),
    RunningFor: ago(container.Created),
    Size: `${decimalSize(container.SizeRw ?? 0)} (virtual ${decimalSize(container.SizeRootFs ?? 0)})`,
    State: container.State,
    Status: container.Status,
    Label: (name: unknown) => labels[String(name)] ?? "",
  };
}

/** An image that has lost its name is told by its id. */
function imageName({ Image: image }: Summary, short: boolean): string {
  return short && /^(sha256:)?[0-9a-f]{64}$/.test(image) ? shortId(image) : image;
}
