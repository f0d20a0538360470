// Threads that call one kernel together. Member 0 leads: it offers a piece of work in parts, and takes of them itself; the
// others take what is on offer. Nothing waits for a member that is not there. The words of a team: a ticket, which says
// which offer stands (from bit 16), its parts (bits 8 to 15) and how many of them are taken (bits 0 to 7); parts that are
// done; what is offered (two words on, as the kernel pleases).

const OVER = -1;
// About 1 ms: who finds nothing to do for so long leaves.
const IDLE_SPINS = 100000;
// About 50 µs: then the leader waits, so that the processor may do something else.
const BUSY_SPINS = 5000;
const MILLISECOND: i64 = 1000000;

// The next part of the standing offer; −1: all are taken, or there is none.
export function takePart(team: usize): i32 {
  let found = atomic.load<i32>(team);
  while (found >= 0 && (found & 0xff) < ((found >> 8) & 0xff)) {
    const seen = atomic.cmpxchg<i32>(team, found, found + 1);
    if (seen == found) return found & 0xff;
    found = seen;
  }
  return -1;
}

// @ts-ignore: decorator
@inline
export function partsOffered(team: usize): i32 {
  return (atomic.load<i32>(team) >> 8) & 0xff;
}

// Puts parts on offer, of which the first is the leader's.
export function offerParts(team: usize, parts: i32): void {
  const offer = ((atomic.load<i32>(team) >>> 16) + 1) & 0x7fff;
  atomic.store<i32>(team, 0, 4);
  atomic.store<i32>(team, (offer << 16) | (parts << 8) | 1);
}

// A part is done: a leader that waits is told.
export function finishPart(team: usize): void {
  atomic.add<i32>(team, 1, 4);
  if (atomic.load<i32>(team, 8) != 0) atomic.notify(team + 4, 1);
}

// Returns when all parts are done.
export function awaitParts(team: usize, parts: i32, waits: bool): void {
  for (let spins = 0; ; spins++) {
    const done = atomic.load<i32>(team, 4);
    if (done >= parts) return;
    if (spins < BUSY_SPINS || !waits) continue;
    atomic.store<i32>(team, 1, 8);
    // Told in the meantime or not, it looks again after a millisecond.
    atomic.wait<i32>(team + 4, done, MILLISECOND);
    atomic.store<i32>(team, 0, 8);
  }
}

// The next part; −1: the leader has done, or there was nothing to do for long.
export function followParts(team: usize): i32 {
  for (let spins = 0; spins < IDLE_SPINS && atomic.load<i32>(team) != OVER; spins++) {
    const part = takePart(team);
    if (part >= 0) return part;
  }
  return -1;
}

// The leader has done: nobody touches any word from now on but to read the ticket.
export function endTeam(team: usize): void {
  memory.fill(team + 4, 0, 508);
  atomic.store<i32>(team, OVER);
}
