import type { Group } from "./scenario.ts";

const plain = "FROM busybox\nRUN echo said\n";
const steps = /#2 \[2\/2\] RUN echo said\n#2 (CACHED|[\d.]+ said\n#2 DONE)/;

/** build, image build, builder build. */
export const builds: Group = {
  title: "build",
  scenarios: [
    {
      run: "build -t built:1 -",
      stdin: plain,
      expect: "<lines>Step 1/2 : FROM busybox\nStep 2/2 : RUN echo said<lines>Successfully tagged built:1",
      err: /DEPRECATED/,
      ours: { expect: "", err: steps },
    },
    { run: "run --rm built:1 echo runs", expect: "runs" },
    {
      run: "image build -q -",
      stdin: plain,
      expect: "sha256:<id>",
      err: /DEPRECATED/,
      ours: { err: /^$/ },
    },
    {
      run: "builder build --build-arg A=b --label l=1 -q -t built:2 -",
      stdin: "FROM busybox\nARG A\nENV A=$A\n",
      expect: "sha256:<id>",
      err: /DEPRECATED/,
      ours: { err: /^$/ },
    },
    { run: "inspect -f '{{.Config.Env}} {{.Config.Labels.l}}' built:2", expect: "[PATH=/bin A=b] 1" },
    {
      run: "build --target one -q -t built:3 -",
      stdin: "FROM busybox AS one\nRUN touch /one\nFROM busybox\nRUN exit 9\n",
      expect: "sha256:<id>",
      err: /DEPRECATED/,
      ours: { err: /^$/ },
    },
    { run: "run --rm built:3 ls /one", expect: "/one" },
    {
      run: "build -",
      stdin: "FROM busybox\nRUN exit 9\n",
      expect: "<lines>",
      err: /returned a non-zero code: 9/,
      code: 9,
      ours: { expect: "", err: /RUN exit 9[\s\S]*exit code: 9/, code: 1 },
    },
    {
      run: "build -",
      stdin: "FROM busybox\nRUNN x\n",
      expect: "<lines>",
      err: /unknown instruction: RUNN/,
      code: 1,
    },
    { run: "build", code: 1, err: /(requires|takes) 1 argument/ },
    { run: "build /no/such/folder", code: 1, err: /\/no\/such\/folder/ },
    { run: "build --no-such -", code: 125, err: /unknown (flag|option)/ },
  ],
};
