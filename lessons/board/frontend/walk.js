// Walking rows of chips by keyboard.

/** Where an arrow key, Home or End leads from place `at` of row `row`; nothing for another key or past a row's end. */
export function walk(rows, row, at, key) {
  const line = (r) => rows[Math.min(rows.length - 1, Math.max(0, r))];
  const level = (r) => line(r)[Math.min(at, line(r).length - 1)];
  return {
    ArrowRight: () => rows[row][at + 1], ArrowLeft: () => rows[row][at - 1],
    ArrowDown: () => level(row + 1), ArrowUp: () => level(row - 1),
    Home: () => rows[row][0], End: () => rows[row].at(-1),
  }[key]?.();
}
