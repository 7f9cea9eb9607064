import { describeRules } from "./rules.ts";

describeRules("RUN", {
  forms: [
    {
      that: "the exec form runs no shell",
      file: ['RUN ["echo", "a b", "$PATH", "\\"q\\""]'],
      prints: 'a b $PATH "q"\n',
    },
    {
      that: "what is no JSON is the shell form",
      file: ["RUN ['echo', x] || echo shell"],
      prints: "/bin/sh: [echo,: not found\nshell\n",
    },
    {
      that: "SHELL is for all that follows, till the next",
      file: [
        "RUN echo $0",
        'SHELL ["/bin/sh", "-xc"]',
        "RUN echo x",
        'SHELL ["/bin/sh", "-c", "echo shell: $0"]',
        "RUN said",
      ],
      prints: "/bin/sh\n+ echo x\nx\nshell: said\n",
    },
    {
      that: "a failing command of a pipe's end fails, of its beginning does not",
      file: ["RUN false | true"],
      prints: "",
    },
    {
      that: "what a step writes the next one sees, what it is does not last",
      file: [
        "RUN x=1; cd /tmp; echo kept > f; busybox mktemp -d > /dev/null",
        "RUN echo [$x] $PWD; cat /tmp/f",
      ],
      prints: "[] /\nkept\n",
    },
    {
      that: "both streams are told, also without an end of line",
      file: ["RUN echo out; echo -n end", "RUN echo -n err >&2"],
      prints: "out\nenderr",
    },
  ],
  "as whom and where": [
    {
      that: "USER is whom it runs as, by name, number or with a group",
      file: [
        "COPY passwd group /etc/",
        "USER web",
        "RUN id -u; id -g; echo $HOME",
        "USER 7",
        "RUN id -u; id -g",
        "USER web:staff",
        "RUN id -g",
        "USER 8:9",
        "RUN id -u; id -g",
      ],
      files: {
        passwd: "root:x:0:0::/root:/bin/sh\nweb:x:5:6::/home/web:/bin/sh\n",
        group: "root:x:0:\nstaff:x:50:\n",
      },
      prints: "5\n6\n/home/web\n7\n0\n50\n8\n9\n",
    },
    {
      that: "a base's user is kept",
      file: ["FROM busybox AS a", "USER 3:4", "FROM a", "RUN id -u; id -g"],
      prints: "3\n4\n",
      config: { User: "3:4" },
    },
    {
      that: "WORKDIR is made, is relative to the one before, and takes variables of ENV",
      file: [
        "WORKDIR /a",
        "WORKDIR b",
        "WORKDIR c",
        "RUN pwd",
        "ENV DIRPATH=/path",
        "WORKDIR $DIRPATH/${NO}x",
        "RUN pwd; stat -c '%a %u' .",
      ],
      prints: "/a/b/c\n/path/x\n755 0\n",
      config: { WorkingDir: "/path/x" },
    },
    {
      that: "a step has the base's variables, its user's HOME and a name of its host that is always the same",
      file: ["RUN env | busybox sort"],
      prints: "HOME=/\nHOSTNAME=buildkitsandbox\nPATH=/bin\nPWD=/\nSHLVL=1\n",
    },
  ],
  mounts: [
    {
      that: "bind: the context, read-only, at a place that the layer has not",
      file: [
        "RUN --mount=target=/ctx cat /ctx/f; touch /ctx/x 2>&1 || echo refused",
        "RUN ls -d /ctx 2>&1 || echo gone",
      ],
      files: { f: "text\n" },
      prints:
        "text\ntouch: /ctx/x: Read-only file system\nrefused\nls: /ctx: No such file or directory\ngone\n",
    },
    {
      that: "bind: rw is written to, and nobody has it afterwards",
      file: [
        "RUN --mount=type=bind,target=/ctx,rw echo new > /ctx/f; cat /ctx/f",
        "RUN --mount=target=/ctx cat /ctx/f",
      ],
      files: { f: "old\n" },
      prints: "new\nold\n",
    },
    {
      that: "bind: of a stage, of an image, of a part or one file",
      file: [
        "FROM busybox AS a",
        "RUN mkdir /d; echo 1 > /d/one",
        "FROM busybox",
        "RUN --mount=from=a,source=/d,target=/m ls /m",
        "RUN --mount=from=a,source=d/one,target=/file cat /file",
        "RUN --mount=from=busybox,target=/b ls /b/bin/cat",
      ],
      prints: "one\n1\n/b/bin/cat\n",
    },
    {
      that: "bind: relative to the working directory",
      file: ["WORKDIR /w", "RUN --mount=target=. ls; pwd"],
      files: { f: "" },
      prints: "Dockerfile\nf\n/w\n",
    },
    {
      that: "bind: what .dockerignore hides is not there",
      file: ["RUN --mount=target=/c ls -A /c"],
      files: { f: "", hidden: "", ".dockerignore": "hidden\n.dockerignore\nDockerfile\n" },
      prints: "f\n",
    },
    {
      that: "cache: stays from step to step, by id, else by place",
      file: [
        "RUN --mount=type=cache,target=/c echo kept > /c/rules-f",
        "RUN --mount=type=cache,target=/c cat /c/rules-f",
        "RUN --mount=type=cache,id=/c,target=/other cat /other/rules-f; echo x > /other/y",
        "RUN ls /c 2>/dev/null || echo none",
      ],
      prints: "kept\nkept\nnone\n",
    },
    {
      that: "cache: has mode and owner as asked for, and may be read-only",
      file: [
        "RUN --mount=type=cache,id=owned,target=/c,uid=3,gid=4,mode=0711 stat -c '%a %u %g' /c",
        "RUN --mount=type=cache,id=owned,target=/c,ro touch /c/x 2>&1 || echo refused",
      ],
      prints: "711 3 4\ntouch: /c/x: Read-only file system\nrefused\n",
    },
    {
      that: "cache: begins as a stage's folder",
      file: [
        "FROM busybox AS a",
        "RUN mkdir /d; echo seed > /d/f",
        "FROM busybox",
        "RUN --mount=type=cache,id=seeded,target=/c,from=a,source=/d cat /c/f",
      ],
      prints: "seed\n",
    },
    {
      that: "tmpfs: is memory of a bounded size, gone afterwards",
      file: [
        "RUN --mount=type=tmpfs,target=/t,size=64k head -c 100000 /dev/zero > /t/f 2>/dev/null || busybox df -P /t | tail -1 | busybox awk '{print $1, $2}'",
        "RUN ls /t 2>/dev/null || echo gone",
      ],
      prints: "tmpfs 64\ngone\n",
    },
    {
      that: "secret: that nobody gives is not there, unless it is required",
      file: ["RUN --mount=type=secret,id=rules ls /run/secrets 2>/dev/null || echo none"],
      prints: "none\n",
    },
    {
      that: "variables are replaced in them",
      file: ["ARG where=/ctx", "RUN --mount=target=$where,source=${none:-d} cat /ctx/f"],
      files: { "d/f": "text\n" },
      prints: "text\n",
    },
  ],
  network: [
    { that: "none has but its loopback", file: ["RUN --network=none ls /sys/class/net"], prints: "lo\n" },
    {
      that: "by default it is one of its own with a way out",
      file: ["RUN ls /sys/class/net; cat /etc/resolv.conf | wc -l > /dev/null"],
      prints: "eth0\nlo\n",
    },
    {
      that: "host has to be allowed, and is then",
      file: ["RUN --network=host ls /sys/class/net | wc -l > /dev/null"],
      query: { allow: "network.host" },
      prints: "",
    },
    {
      that: "what the build is given as network its steps have",
      file: ["RUN ls /sys/class/net"],
      query: { networkmode: "none" },
      prints: "lo\n",
    },
    {
      that: "hosts that the build is given its steps know",
      file: ["RUN cat /etc/hosts | busybox grep extra"],
      query: { extrahosts: "extra:10.1.2.3" },
      prints: "10.1.2.3\textra\n",
    },
  ],
  confinement: [
    {
      that: "a step is as confined as a container",
      file: [
        "RUN busybox mount -t tmpfs none /tmp 2>&1 || echo refused; busybox grep -E 'CapEff|NoNewPrivs|^Seccomp:' /proc/self/status",
      ],
      prints:
        "mount: permission denied (are you root?)\nrefused\nCapEff:\t00000000a80425fb\nNoNewPrivs:\t0\nSeccomp:\t2\n",
    },
    {
      that: "insecure has to be allowed, and is then",
      file: ["RUN --security=insecure busybox mount -t tmpfs none /tmp && echo mounted"],
      query: { allow: "security.insecure" },
      prints: "mounted\n",
    },
  ],
});
