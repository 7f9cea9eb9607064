import { flag } from "../options/option.ts";
import { decimalSize } from "../print/human.ts";
import { out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

interface Finding {
  readonly Kind: string;
  readonly What: string;
  readonly Why: string;
  readonly Todo: string;
  readonly Done: string | null;
}

interface Checked {
  readonly Blobs: number;
  readonly Bytes: number;
  readonly Snapshots: number;
  readonly Containers: number;
  /** False: what no record leads to could not be told apart from what is being brought in. */
  readonly Strays: boolean;
}

interface Line {
  readonly Finding?: Finding;
  readonly Checked?: Checked;
  readonly error?: string;
}

/** Its exit code is 1 when something is left to do, after a repair too. */
export const check = verb({
  usage: "[OPTIONS]",
  options: {
    repair: flag("Remove what nothing needs, and make again what can be made again"),
    json: flag("One JSON object for programs"),
  },
  args: [0, 0],
  async run({ client }, { options: { repair, json } }) {
    const findings: Finding[] = [];
    let checked: Checked | undefined;
    const lines = client.values<Line>({ method: "POST", path: "/system/check", query: { repair } });
    for await (const { Finding, Checked, error } of lines) {
      if (error !== undefined) throw new Error(error);
      checked ??= Checked;
      if (Finding === undefined) continue;
      findings.push(Finding);
      if (!json) out(`${Finding.What}: ${Finding.Why} (${Finding.Done ?? Finding.Todo})\n`);
    }
    if (checked === undefined) throw new Error("the check was cut short: the engine ended");
    if (json) out(`${JSON.stringify({ Findings: findings, ...checked })}\n`);
    else out(summary(findings, checked));
    return findings.every(({ Done }) => Done !== null) ? 0 : 1;
  },
});

function summary(
  findings: readonly Finding[],
  { Blobs, Bytes, Snapshots, Containers, Strays }: Checked,
): string {
  const left = findings.filter(({ Done }) => Done === null).length;
  const found =
    findings.length === 0
      ? "Nothing is wrong"
      : left === 0
        ? `All ${findings.length} findings are repaired`
        : `${left} of ${findings.length} findings need something to be done`;
  const looked = `${Blobs} blobs (${decimalSize(Bytes, 4)}), ${Snapshots} unpacked layers and ${Containers} containers`;
  const strays = Strays
    ? ""
    : "; what is left over was not looked for, as images are being changed or cannot be read";
  return `${found}: ${looked} were checked${strays}.\n`;
}
