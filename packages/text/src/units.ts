/** Numbers with their units, for people. */

export function seconds(inMilliseconds: number): string {
  return `${(inMilliseconds / 1000).toFixed(2)} s`;
}

export function milliseconds(value: number): string {
  return `${value < 100 ? value.toFixed(1) : Math.round(value)} ms`;
}

export function ratio(value: number): string {
  return `${value.toFixed(2)}x`;
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

/** `12.3 MiB`, `1.20 GiB`. */
export function bytes(count: number): string {
  if (count >= 2 ** 30) return `${(count / 2 ** 30).toFixed(2)} GiB`;
  if (count >= 2 ** 20) return `${(count / 2 ** 20).toFixed(1)} MiB`;
  return count >= 1024 ? `${(count / 1024).toFixed(1)} KiB` : `${count} B`;
}

/** How many there are of what has a regular plural: `1 image`, `2 images`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** A large count: `8.2 M`, `340 G`. */
export function large(count: number): string {
  const [scale, letter] = (
    [
      [1e12, 'T'],
      [1e9, 'G'],
      [1e6, 'M'],
      [1e3, 'k'],
    ] as const
  ).find(([least]) => count >= least) ?? [1, ''];
  const scaled = count / scale;
  return `${scaled >= 100 || scale === 1 ? Math.round(scaled) : scaled.toPrecision(3)} ${letter}`.trimEnd();
}

/** A time for people: `0:07`, `12:30`, `1:02:03`. */
export function clock(inMilliseconds: number): string {
  const whole = Math.round(inMilliseconds / 1000);
  const two = (value: number): string => value.toString().padStart(2, '0');
  const minutes = Math.floor(whole / 60);
  const clockMinutes = minutes < 60 ? minutes.toString() : `${Math.floor(minutes / 60)}:${two(minutes % 60)}`;
  return `${clockMinutes}:${two(whole % 60)}`;
}

/** A small number, such as an error: `1.93e-5`; 0 as it is. */
export function small(value: number): string {
  return value === 0 ? '0' : value.toExponential(2);
}
