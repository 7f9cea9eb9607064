// The container's DNS queries on their way to the engine and back (NAMES, QUERY and REPLY of src/kernel/plan/frames.ts).
//
// Nothing of a message is understood here, and nothing is kept: what the engine does not take stays in the kernel's
// queues. A datagram is looked at, passed on, and only then taken from its socket. Of a stream, SO_RCVLOWAT says how many
// bytes have to be there before it is looked at again. So an engine that is away for a while is not noticed.
#ifndef INRO_NAMES_H
#define INRO_NAMES_H

#include "sys.h"

enum { NAME_STREAMS = 16, NAME_HEADER = 12 /* RFC 1035, 4.1.1 */, QUERY_MAX = 4096, STREAM_ASKED_MAX = 64 };
// 127.0.0.11, as it lies on the wire: where Docker has its own since 1.10.
#define NAME_ADDRESS 0x0b00007fu

struct name_stream {
  i32 fd;          // + 1; 0: free
  u32 watched;
  u32 wanted;      // SO_RCVLOWAT
  u32 asked;       // queries that were not answered yet
  u16 generation;  // of this place: an answer for who was here before is not for who is here now
  u8 over;         // its last query has come
  u64 moved_at;    // monotonic ms
};

struct client;

struct names {
  i32 datagrams, listener;  // -1: none
  u32 watched[2];
  u8 full;                  // the engine's socket is
  struct client *engine;
  struct client *waiter;    // wants to know when something comes while there is no engine
  u32 waiter_request;
  struct name_stream streams[NAME_STREAMS];
};

struct monitor;

// Takes over the sockets that the plan made.
void names_open(struct monitor *m, i32 datagrams, i32 listener);
void names_close(struct monitor *m);
// `engine` is told from here on. 0 or -ENOENT: there are no sockets.
int names_serve(struct monitor *m, struct client *engine);
// The container may never ask: an engine serves it when it does. 0 or -ENOENT.
int names_await(struct monitor *m, struct client *waiter, u32 request);
// It hung up.
void names_forget(struct monitor *m, struct client *c);
// It takes more.
void names_resume(struct monitor *m, struct client *engine);
void names_event(struct monitor *m, u32 part, u32 events);
void names_reply(struct monitor *m, u64 peer, const u8 *message, u32 length);

#endif
