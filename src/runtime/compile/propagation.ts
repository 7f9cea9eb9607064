// include/uapi/linux/mount.h: MS_*, as mount_setattr(2) takes propagation.
export const PROPAGATION = {
  unbindable: 1 << 17,
  private: 1 << 18,
  slave: 1 << 19,
  shared: 1 << 20,
} as const;
