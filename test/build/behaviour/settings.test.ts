import { describeRules } from "./rules.ts";

const second = 1e9;

describeRules("what an image says", {
  "CMD and ENTRYPOINT": [
    {
      that: "the exec form is as it stands, the shell form goes through the shell",
      file: ['CMD ["a", "b c"]', "ENTRYPOINT exec top -b"],
      config: { Cmd: ["a", "b c"], Entrypoint: ["/bin/sh", "-c", "exec top -b"] },
    },
    {
      that: "the last one counts",
      file: ["CMD one", 'CMD ["echo", "two"]'],
      config: { Cmd: ["echo", "two"] },
      runs: "two\n",
    },
    {
      that: "exec forms of both are one command",
      file: ['ENTRYPOINT ["echo", "e"]', 'CMD ["c"]'],
      runs: "e c\n",
    },
    {
      that: "an ENTRYPOINT in shell form leaves CMD out",
      file: ["ENTRYPOINT echo e", 'CMD ["c"]'],
      runs: "e\n",
    },
    {
      that: "a CMD in shell form is wrapped for an ENTRYPOINT too",
      file: ['ENTRYPOINT ["echo", "e"]', "CMD c"],
      runs: "e /bin/sh -c c\n",
    },
    {
      that: "ENTRYPOINT takes the base's CMD away, not one's own",
      file: ["FROM busybox AS a", 'CMD ["of", "base"]', "FROM a", 'ENTRYPOINT ["echo", "e"]'],
      config: { Cmd: null },
      runs: "e\n",
    },
    {
      that: "CMD stays where it stands before ENTRYPOINT",
      file: ['CMD ["c"]', 'ENTRYPOINT ["echo", "e"]'],
      runs: "e c\n",
    },
    {
      that: "an empty list takes away",
      file: [
        "FROM busybox AS a",
        'ENTRYPOINT ["cat"]',
        'CMD ["x"]',
        "FROM a",
        "ENTRYPOINT []",
        'CMD ["echo", "free"]',
      ],
      runs: "free\n",
    },
    {
      that: "SHELL is the shell of their shell forms",
      file: ['SHELL ["/bin/sh", "-xc"]', "CMD echo a", "ENTRYPOINT echo b"],
      config: {
        Shell: ["/bin/sh", "-xc"],
        Cmd: ["/bin/sh", "-xc", "echo a"],
        Entrypoint: ["/bin/sh", "-xc", "echo b"],
      },
    },
  ],
  "LABEL, MAINTAINER, EXPOSE, STOPSIGNAL": [
    {
      that: "labels are inherited, and the last value counts",
      file: [
        "FROM busybox AS a",
        'LABEL "com.example.vendor"="ACME Incorporated" version=1',
        "FROM a",
        'LABEL version="1.0" description="may span \\',
        'lines"',
      ],
      config: {
        Labels: {
          "made.by": "test",
          "com.example.vendor": "ACME Incorporated",
          version: "1.0",
          description: "may span lines",
        },
      },
    },
    {
      that: "labels of the build win",
      file: ["LABEL a=file b=file"],
      query: { labels: JSON.stringify({ a: "build" }) },
      config: { Labels: { a: "build", b: "file" } },
    },
    {
      that: "ports are TCP unless they say otherwise, and ranges are all in them",
      file: ["EXPOSE 80 81/udp 90-92/TCP 80/sctp"],
      config: {
        ExposedPorts: { "80/tcp": {}, "81/udp": {}, "90/tcp": {}, "91/tcp": {}, "92/tcp": {}, "80/sctp": {} },
      },
    },
    {
      that: "a signal may be a name or a number",
      file: ["FROM busybox AS a", "STOPSIGNAL 9", "FROM a", "STOPSIGNAL SIGUSR1"],
      config: { StopSignal: "SIGUSR1" },
    },
  ],
  VOLUME: [
    {
      that: "a list, or words",
      file: ['VOLUME ["/a b", "/c"]', "VOLUME /d /e"],
      config: { Volumes: { "/a b": {}, "/c": {}, "/d": {}, "/e": {} } },
    },
    {
      that: "later steps write into it, and a container's volume begins with that",
      file: ["VOLUME /v", "RUN mkdir /v; echo kept > /v/f", "CMD cat /v/f"],
      runs: "kept\n",
    },
  ],
  HEALTHCHECK: [
    {
      that: "both forms, with all options",
      file: [
        "HEALTHCHECK --interval=5m --timeout=3s --start-period=1m30s --start-interval=500ms --retries=2 CMD test -e /up || exit 1",
      ],
      config: {
        Healthcheck: {
          Test: ["CMD-SHELL", "test -e /up || exit 1"],
          Interval: 300 * second,
          Timeout: 3 * second,
          StartPeriod: 90 * second,
          StartInterval: second / 2,
          Retries: 2,
        },
      },
    },
    {
      that: "the exec form",
      file: ['HEALTHCHECK CMD ["/bin/true", "x"]'],
      config: { Healthcheck: { Test: ["CMD", "/bin/true", "x"] } },
    },
    {
      that: "it is inherited",
      file: ["FROM busybox AS a", "HEALTHCHECK CMD a", "FROM a", "RUN true"],
      config: { Healthcheck: { Test: ["CMD-SHELL", "a"] } },
    },
    {
      that: "NONE takes the base's away",
      file: ["FROM busybox AS a", "HEALTHCHECK CMD a", "FROM a", "HEALTHCHECK NONE"],
      config: { Healthcheck: { Test: ["NONE"] } },
    },
    {
      that: "the last one counts",
      file: ["HEALTHCHECK CMD a", "HEALTHCHECK --retries=1 CMD b"],
      config: { Healthcheck: { Test: ["CMD-SHELL", "b"], Retries: 1 } },
    },
  ],
  FROM: [
    {
      that: "scratch is nothing at all",
      file: ["FROM scratch", "COPY f /f"],
      files: { f: "" },
      config: { Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], WorkingDir: "/" },
    },
    {
      that: "a stage begins with nothing of the one before",
      file: ["FROM busybox", "ENV X=1", "LABEL x=1", "FROM busybox", "RUN echo [$X]"],
      prints: "[]\n",
      config: { Env: ["PATH=/bin"], Labels: { "made.by": "test" } },
    },
    {
      that: "a stage may be named by what an ARG says",
      file: [
        "ARG which=b",
        "FROM busybox AS a",
        "RUN echo a",
        "FROM busybox AS b",
        "RUN echo b",
        "FROM $which",
      ],
      prints: "b\n",
    },
    {
      that: "a stage's name hides an image's",
      file: [
        "FROM scratch AS busybox2",
        "COPY f /f",
        "FROM busybox AS busybox",
        "RUN echo stage > /stage",
        "FROM busybox",
        "RUN cat /stage",
      ],
      files: { f: "" },
      prints: "stage\n",
    },
    {
      that: "the target is a stage by its name or number, and what is not below it is not built",
      file: [
        "FROM busybox AS a",
        "RUN echo a",
        "FROM busybox AS b",
        "RUN echo b",
        "FROM busybox",
        "RUN exit 1",
      ],
      query: { target: "B" },
      prints: "b\n",
    },
    {
      that: "target 0",
      file: ["FROM busybox AS a", "RUN echo a", "FROM busybox AS b", "RUN exit 1"],
      query: { target: "0" },
      prints: "a\n",
    },
  ],
  ONBUILD: [
    {
      that: "is kept for who builds upon it, and does nothing here",
      file: ["ONBUILD RUN echo later", "ONBUILD COPY f /f"],
      config: { OnBuild: ["RUN echo later", "COPY f /f"] },
      prints: "",
    },
    {
      that: "is executed right after FROM, in its order, and then is gone",
      file: [
        "FROM busybox AS base",
        "ONBUILD ARG V=1",
        "ONBUILD RUN echo trigger $V",
        "ONBUILD ENV A=b",
        "FROM base",
        "RUN echo own $A",
      ],
      prints: "trigger 1\nown b\n",
      config: { OnBuild: null },
    },
    {
      that: "may copy from a stage of the file that builds upon it",
      file: [
        "FROM busybox AS base",
        "ONBUILD COPY --from=build /made /made",
        "FROM busybox AS build",
        "RUN echo 1 > /made",
        "FROM base",
        "RUN cat /made",
      ],
      prints: "1\n",
    },
  ],
});
