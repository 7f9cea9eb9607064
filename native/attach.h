// A client of the monitor's socket. It begins with frames; ATTACH and EXEC turn it into a stream.
//
// Stream of the container's own session: the client is a reader of the log with a cursor, so a slow one costs a
// position and not memory. One that came before the start (`run` in the foreground, `start -a`) is the container's pipe:
// it loses nothing, and the container waits for it once the log would rotate past it. One that came later never blocks
// the container, and is told what it missed. Stream of an exec session (which has no log): the
// program waits when its client does, as it would on any pipe.
#ifndef INRO_ATTACH_H
#define INRO_ATTACH_H

#include "log.h"
#include "session.h"
#include "sys.h"

enum client_kind { CLIENT_FREE, CLIENT_FRAMES, CLIENT_OPENING, CLIENT_ATTACH, CLIENT_EXEC };

enum { FRAME_HEADER = 12, FRAME_INLINE = 112 };
enum { STREAM_HEADER = 8 };  // Docker's: stream, three zeros, big-endian length
enum { CHUNK = 32 * 1024 };  // a unix socket takes a message of this size whole or not at all
enum { IDLE_CLIENT_MS = 300 * 1000 };  // after the container's end: how long a client may take nothing

struct cursor {
  u32 generation;  // of the log file it reads
  u64 offset;      // of the record it stands at
  u32 skip;        // payload bytes from there that the client has already
  u32 owed;        // bytes that the last stream header promised and that were not sent yet
};

struct client {
  u8 kind;
  u8 wants;       // bit STREAM_STDOUT, bit STREAM_STDERR
  u8 input_open;  // its bytes are the program's input
  u8 writes_input;
  u8 detached;    // it hung up with input unread; no longer watched
  u8 live;        // nothing more to read in the log
  u8 blocked;     // its socket was full
  u8 holds;       // it was there before the start: the log does not rotate past it
  u16 number;     // of its row
  i32 fd;
  u32 watched;
  u64 moved_at;   // monotonic ms of the last bytes it took
  struct session *session;
  struct cursor cursor;
  u32 got;        // bytes of the frame that is being received
  u32 length;     // of its payload
  u8 head[FRAME_HEADER];
  u8 *payload;    // `room`, or mapped when the frame is larger
  u8 room[FRAME_INLINE];
};

static inline int client_wants(const struct client *c, u8 stream) { return c->wants & (1 << stream); }

void attach_begin(struct monitor *m, struct client *c, struct session *s, int from_start);
// Whether the container's output waits for a client that holds it; after a cursor moved, a client went or output came.
void attach_hold(struct monitor *m);
// A client of the log has been freed.
void attach_end(struct monitor *m);
// Sends what the log holds beyond the cursor, a bounded amount at a time.
void attach_pump(struct monitor *m, struct client *c);
// After bytes came: every client of the session that is not blocked.
void attach_pump_all(struct monitor *m);
// A log that takes nothing (full disk) does not blind those who watch: clients at its end get the bytes directly.
void attach_direct(struct monitor *m, u8 stream, const u8 *bytes, size_t n);
// Bytes of an exec session for its one client.
void attach_exec(struct monitor *m, struct session *s, u8 stream, const u8 *bytes, size_t n);
void attach_flush(struct monitor *m, struct client *c);
void attach_input(struct monitor *m, struct client *c);
// The program reads again.
void attach_input_resume(struct monitor *m, struct session *s);
void attach_session_over(struct monitor *m, struct session *s);
void attach_watch(struct monitor *m, struct client *c);
// Its output side is dead; what it sent before still reaches the program.
void attach_hang_up(struct monitor *m, struct client *c);
// One message, with a stream header unless `raw`. Returns payload bytes sent, or -errno.
long attach_send(struct client *c, u8 stream, const u8 *bytes, size_t n, int raw);
void client_close(struct monitor *m, struct client *c);

#endif
