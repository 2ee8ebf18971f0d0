/**
 * The fixed table of positions of a grid of tokens, [rows * columns, width], row by row.
 *
 * Sines and cosines of the column in the first half of each vector, of the row in the second; in
 * each half `[sin | cos]` of the coordinate times 10000^(-k / (width / 4)) (Peebles and Xie, 2023; MAE's table).
 * `spacing` is what coordinates grow by from row to row and from column to column: 1, but in models that were trained
 * on fewer tokens than they draw.
 */
export function positionTable(
  [rows, columns]: readonly [rows: number, columns: number],
  width: number,
  spacing: readonly [rows: number, columns: number] = [1, 1],
): Float32Array {
  const table = new Float32Array(rows * columns * width);
  const quarter = width / 4;
  for (let token = 0; token < rows * columns; token++) {
    const coordinates = [(token % columns) * spacing[1], Math.floor(token / columns) * spacing[0]];
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
