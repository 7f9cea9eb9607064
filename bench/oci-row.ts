import { makeBundle, mountNamespace, type OciRuntime, ociRuntimes } from "./contenders/oci.ts";
import { finish } from "./programs.ts";
import { type Attempt, interleave, medians } from "./sample.ts";
import type { Row } from "./table.ts";

export async function ociRow(folder: string, busybox: string, rounds: number): Promise<Row> {
  const bundle = makeBundle(folder, busybox);
  const [whole, v1] = [await mountNamespace(folder, false), await mountNamespace(folder, true)];
  const attempt = (runtime: OciRuntime): Attempt => {
    const { enter } = runtime.oneCgroupVersion ? v1 : whole;
    const command = [
      ...enter,
      runtime.program,
      "--root",
      `${folder}/state-${runtime.name}`,
      "run",
      "--bundle",
      bundle,
    ];
    return {
      name: runtime.name,
      run: (round) => finish([...command, `bench-${runtime.name}-${round}`], runtime.environment),
    };
  };
  const times = await interleave(ociRuntimes().map(attempt), rounds, 2);
  await Promise.all([whole.close(), v1.close()]);
  return {
    work: "OCI run true",
    unit: "ms",
    values: medians(times),
    budget: { factor: 0.4, against: "runc", and: { factor: 1, against: "crun" } },
  };
}
