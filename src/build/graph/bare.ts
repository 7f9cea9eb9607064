import type { Config } from "../dockerfile/configure.ts";

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What `FROM scratch` says. */
export const BARE: Config = {
  ...{ User: "", ExposedPorts: {}, Env: [PATH], Entrypoint: null, Cmd: null, Volumes: {}, WorkingDir: "/" },
  ...{ Labels: {}, StopSignal: "", StopTimeout: null, Shell: null, OnBuild: null, Healthcheck: null },
};
