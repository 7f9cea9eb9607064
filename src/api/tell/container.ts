import type { ContainerDetails } from "../../engine/engine.ts";
import { config } from "./config.ts";
import { driverName, graphDriver } from "./driver.ts";
import { hostConfig } from "./host-config.ts";
import { mountPoints } from "./mounts.ts";
import { networkMode, networkSettings, networks, portList } from "./network.ts";
import { state, statusText } from "./state.ts";

export interface Size {
  readonly writable: number;
  readonly root: number;
}

const sizes = (size: Size | null) => (size === null ? {} : { SizeRw: size.writable, SizeRootFs: size.root });

/** GET /containers/{id}/json. */
export function containerInspect(container: ContainerDetails, size: Size | null) {
  const [path = "", ...args] = container.arguments;
  return {
    Id: container.id,
    Created: container.created,
    Path: path,
    Args: args,
    State: state(container),
    Image: container.imageId,
    ResolvConfPath: container.paths.resolvConf,
    HostnamePath: container.paths.hostname,
    HostsPath: container.paths.hosts,
    LogPath:
      container.options.log.driver === "none" || container.options.log.journal ? "" : container.paths.log,
    Name: `/${container.name}`,
    RestartCount: container.restartCount,
    Driver: driverName(container.storageDriver),
    Platform: "linux",
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: "",
    ExecIDs: container.execIds.length === 0 ? null : container.execIds,
    HostConfig: hostConfig(container),
    GraphDriver: graphDriver(container.id, container.paths.folder, container.storageDriver),
    ...sizes(size),
    Mounts: mountPoints(container),
    Config: config(container),
    NetworkSettings: networkSettings(container),
  };
}

export interface SummaryContext {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The name still leads to the image it led to when the container was made. */
  readonly isCurrentName: (image: string, imageId: string) => boolean;
}

/** A line of GET /containers/json. */
export function containerSummary(container: ContainerDetails, context: SummaryContext, size: Size | null) {
  return { ...lasting(container), ...changing(container, context), ...sizes(size) };
}

interface Changing {
  readonly Image: string;
  readonly Status: string;
}

function changing(container: ContainerDetails, context: SummaryContext): Changing {
  const named = context.isCurrentName(container.options.image, container.imageId);
  return {
    Image: named ? container.options.image : container.imageId,
    Status: statusText(container, context.now),
  };
}

const texts = new WeakMap<ContainerDetails, Changing & { readonly text: string }>();

/** The line as JSON. Whoever watches a list asks for it far more often than "Up 2 hours" changes. */
export function containerSummaryText(container: ContainerDetails, context: SummaryContext): string {
  const { Image, Status } = changing(container, context);
  const known = texts.get(container);
  if (known?.Image === Image && known.Status === Status) return known.text;
  const text = JSON.stringify({ ...lasting(container), Image, Status });
  texts.set(container, { Image, Status, text });
  return text;
}

const lines = new WeakMap<ContainerDetails, ReturnType<typeof line>>();

/** What of a line stays until the container changes, and with it its details. */
function lasting(container: ContainerDetails) {
  const known = lines.get(container);
  if (known !== undefined) return known;
  const fresh = line(container);
  lines.set(container, fresh);
  return fresh;
}

function line(container: ContainerDetails) {
  const { annotations } = container.options;
  return {
    Id: container.id,
    Names: [`/${container.name}`],
    Image: "",
    ImageID: container.imageId,
    Command: container.arguments
      .map((word, index) => (index > 0 && word.includes(" ") ? `'${word}'` : word))
      .join(" "),
    Created: Math.floor(Date.parse(container.created) / 1000),
    Ports: portList(container),
    Labels: container.options.labels,
    State: container.state.status,
    Status: "",
    HostConfig: {
      NetworkMode: networkMode(container.options),
      ...(Object.keys(annotations).length === 0 ? {} : { Annotations: annotations }),
    },
    NetworkSettings: { Networks: networks(container) },
    Mounts: mountPoints(container),
  };
}
