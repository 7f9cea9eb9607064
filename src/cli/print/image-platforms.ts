import type { Paint } from "../terminal/paint.ts";
import { decimalSize, shortId } from "./human.ts";
import { table, width } from "./table.ts";

/** What `GET /images/json?manifests=1` says of an image's index. */
export interface ManifestLine {
  readonly ID: string;
  readonly Available: boolean;
  readonly Kind: string;
  readonly Size: { readonly Content: number; readonly Total: number };
  readonly ImageData?: {
    readonly Platform: { readonly os: string; readonly architecture: string; readonly variant?: string };
    readonly Containers: readonly string[];
  };
}

export interface ImageBranch {
  readonly Id: string;
  readonly RepoTags: readonly string[] | null;
  readonly Manifests: readonly ManifestLine[];
}

const platformOf = ({ ImageData: data }: ManifestLine) =>
  [data?.Platform.os, data?.Platform.architecture, data?.Platform.variant].filter(Boolean).join("/");

/** Images with the platforms of each below it; those that are not here are dim. */
export function platformsText(images: readonly ImageBranch[], paint: Paint): string {
  const rows: string[][] = [["IMAGE", "ID", "DISK USAGE", "CONTENT SIZE", "IN USE"]];
  const dim: boolean[] = [false];
  for (const { Id: id, RepoTags: names, Manifests: manifests } of images) {
    const shown = manifests.filter(({ Kind: kind }) => kind === "image");
    const here = shown.filter(({ Available: available }) => available);
    const sum = (of: (line: ManifestLine) => number) =>
      decimalSize(here.reduce((all, each) => all + of(each), 0));
    const total = [sum(({ Size: size }) => size.Total), sum(({ Size: size }) => size.Content)];
    const users = (lines: readonly ManifestLine[]) =>
      String(lines.reduce((all, { ImageData: data }) => all + (data?.Containers.length ?? 0), 0) || "");
    rows.push([names?.join(", ") || "<untagged>", shortId(id), ...total, users(here)]);
    dim.push(false);
    for (const [i, line] of shown.entries()) {
      const branch = i === shown.length - 1 ? "└─" : "├─";
      const sizes = line.Available
        ? [line.Size.Total, line.Size.Content].map((size) => decimalSize(size))
        : ["", ""];
      rows.push([`${branch} ${platformOf(line)}`, shortId(line.ID), ...sizes, users([line])]);
      dim.push(!line.Available);
    }
  }
  const lines = table(rows).split("\n").slice(0, -1);
  return lines.map((line, i) => `${paintLine(line, dim[i] ?? false, paint)}\n`).join("");
}

const paintLine = (line: string, isDim: boolean, paint: Paint) =>
  isDim && width(line) > 0 ? paint("dim", line.trimEnd()) : line.trimEnd();
