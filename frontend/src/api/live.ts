/** Whether the service tells of its jobs by itself: as long as it does, nobody asks for them. */

let live = false;

export function setLive(value: boolean): void {
  live = value;
}

/** How long to wait before asking again, for `refetchInterval`: not at all while jobs are told. */
export function unlessLive(ms: number): number | false {
  return live ? false : ms;
}
