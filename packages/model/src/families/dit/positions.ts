/**
 * The fixed table of positions of a square grid, [side * side, width], row by row.
 *
 * Sines and cosines of the column in the first half of each vector, of the row in the second; in
 * each half `[sin | cos]` of the coordinate times 10000^(-k / (width / 4)) (Peebles and Xie, 2023; MAE's table).
 */
export function positionTable(side: number, width: number): Float32Array {
  const table = new Float32Array(side * side * width);
  const quarter = width / 4;
  for (let token = 0; token < side * side; token++) {
    const coordinates = [token % side, Math.floor(token / side)];
    coordinates.forEach((coordinate, half) => {
      for (let k = 0; k < quarter; k++) {
        const angle = coordinate * 10000 ** (-k / quarter);
        const start = token * width + half * 2 * quarter;
        table[start + k] = Math.sin(angle);
        table[start + quarter + k] = Math.cos(angle);
      }
    });
  }
  return table;
}
