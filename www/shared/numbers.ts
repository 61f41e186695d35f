const count = new Intl.NumberFormat();

/** A number as people write it. */
export function grouped(number: number): string {
  return count.format(number);
}

/** Seconds as people say them; never less than what is left. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${grouped(Math.ceil(seconds))} s`;
  if (seconds < 3600) return `${grouped(Math.ceil(seconds / 60))} min`;
  return `${grouped(Math.ceil(seconds / 3600))} h`;
}
