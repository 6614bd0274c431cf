// The median predictor of LOCO-I (ITU-T T.87, A.4.1), backwards.

/** Turns the differences of one plane into its values, in place. Outside the plane everything is 0. */
export function restorePlane(plane: Uint8Array, from: number, width: number, height: number): void {
  let left = 0;
  // Above the first line there is nothing, and the predictor is what is to the left.
  for (let x = 0; x < width; x++) {
    left = ((plane[from + x] as number) + left) & 0xff;
    plane[from + x] = left;
  }
  for (let line = 1; line < height; line++) {
    let at = from + line * width;
    let corner = 0;
    left = 0;
    for (const end = at + width; at < end; at++) {
      const above = plane[at - width] as number;
      const low = left < above ? left : above;
      const high = left < above ? above : left;
      const guess = corner >= high ? low : corner <= low ? high : left + above - corner;
      left = ((plane[at] as number) + guess) & 0xff;
      plane[at] = left;
      corner = above;
    }
  }
}
